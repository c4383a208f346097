"""group-unexpected: groups that nobody declared, where the groups are closed."""

from __future__ import annotations

from koding_audit.scan.rules import group_unexpected
from tests.values import compare, desired, group, ignore, line, live_group, live_user, snapshot

CLOSED = {"group": line(44)}
ALL = frozenset({"group"})


def test_an_undeclared_group_is_an_error_without_a_fix() -> None:
    wanted = desired(group("known"), closed=CLOSED)
    [found] = group_unexpected.check(
        compare(wanted, snapshot(live_group("known"), live_group("stray", path="/x/"), listed=ALL))
    )
    assert found.id == "group-unexpected/arn:aws:iam::123456789012:group/x/stray"
    assert (found.severity, found.fix, found.location) == ("error", None, line(44))
    assert found.message == "group stray is not declared; undeclared groups are not allowed (`closed`)"


def test_without_closed_nothing_is_said_although_all_were_read() -> None:
    assert not list(group_unexpected.check(compare(desired(), snapshot(live_group("stray"), listed=ALL))))


def test_nothing_is_said_where_the_list_was_not_read() -> None:
    assert not list(group_unexpected.check(compare(desired(closed=CLOSED), snapshot(live_group("stray")))))


def test_an_ignored_group_and_one_of_another_case_than_declared_are_not_unexpected() -> None:
    wanted = desired(group("admins"), closed=CLOSED, ignore=(ignore("group", "ci-*"),))
    live = snapshot(live_group("Admins"), live_group("ci-1"), listed=ALL)
    assert not list(group_unexpected.check(compare(wanted, live)))


def test_only_groups_are_looked_at() -> None:
    live = snapshot(live_user("stray"), live_group("stray"), listed=frozenset({"user", "group"}))
    found = list(group_unexpected.check(compare(desired(closed=CLOSED), live)))
    assert [each.subject for each in found] == ["arn:aws:iam::123456789012:group/stray"]
