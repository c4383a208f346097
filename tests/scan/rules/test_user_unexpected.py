"""user-unexpected: users that nobody declared, where the users are closed."""

from __future__ import annotations

from koding_audit.scan.rules import user_unexpected
from tests.values import compare, desired, ignore, line, live_group, live_user, snapshot, user

CLOSED = {"user": line(44)}
ALL = frozenset({"user"})


def test_an_undeclared_user_is_an_error_without_a_fix() -> None:
    wanted = desired(user("known"), closed=CLOSED)
    [found] = user_unexpected.check(
        compare(wanted, snapshot(live_user("known"), live_user("stray", path="/x/"), listed=ALL))
    )
    assert found.id == "user-unexpected/arn:aws:iam::123456789012:user/x/stray"
    assert (found.severity, found.fix, found.location) == ("error", None, line(44))
    assert found.message == "user stray is not declared; undeclared users are not allowed (`closed`)"


def test_without_closed_nothing_is_said_although_all_were_read() -> None:
    assert not list(user_unexpected.check(compare(desired(), snapshot(live_user("stray"), listed=ALL))))


def test_nothing_is_said_where_the_list_was_not_read() -> None:
    assert not list(user_unexpected.check(compare(desired(closed=CLOSED), snapshot(live_user("stray")))))


def test_an_ignored_user_and_one_of_another_case_than_declared_are_not_unexpected() -> None:
    wanted = desired(user("admins"), closed=CLOSED, ignore=(ignore("user", "ci-*"),))
    live = snapshot(live_user("Admins"), live_user("ci-1"), listed=ALL)
    assert not list(user_unexpected.check(compare(wanted, live)))


def test_only_users_are_looked_at() -> None:
    live = snapshot(live_user("stray"), live_group("stray"), listed=frozenset({"user", "group"}))
    found = list(user_unexpected.check(compare(desired(closed=CLOSED), live)))
    assert [each.subject for each in found] == ["arn:aws:iam::123456789012:user/stray"]
