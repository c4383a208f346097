"""path-changed: groups and users at another path than declared."""

from __future__ import annotations

from koding_audit.scan.rules import path_changed
from tests.values import compare, desired, group, ignore, live_group, live_user, snapshot, user


def test_another_path_than_declared_is_an_error_that_nothing_fixes() -> None:
    wanted = desired(group(path="/team/"), user(path="/"))
    found = list(path_changed.check(compare(wanted, snapshot(live_group(), live_user(path="/ci/")))))
    assert [each.message for each in found] == [
        "group Developers has path /; the file declares path /team/",
        "user koding-user has path /ci/; the file declares path /",
    ]
    assert {(each.severity, each.fix) for each in found} == {("error", None)}
    assert found[0].subject == "arn:aws:iam::123456789012:group/Developers"
    assert found[0].evidence == {"wanted": "/team/", "live": "/"}


def test_the_declared_path_is_fine_and_any_where_none_is_declared() -> None:
    wanted = desired(group(path="/team/"), user())
    assert not list(path_changed.check(compare(wanted, snapshot(live_group(path="/team/"), live_user(path="/ci/")))))


def test_nothing_is_said_of_a_group_that_is_missing_not_read_ignored_or_of_another_case() -> None:
    wanted = desired(group(path="/team/"))
    assert not list(path_changed.check(compare(wanted, snapshot(absent=[("group", "Developers")]))))
    assert not list(path_changed.check(compare(wanted, snapshot())))
    assert not list(path_changed.check(compare(wanted, snapshot(live_group("DEVELOPERS")))))
    ignoring = desired(group(path="/team/"), ignore=(ignore("group", "*"),))
    assert not list(path_changed.check(compare(ignoring, snapshot(live_group()))))
