"""membership-missing: declared users outside a group that they are to be in."""

from __future__ import annotations

import pytest

from koding_audit.model.finding import Action
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.scan.rules import membership_missing
from tests.values import boundary, compare, desired, group, ignore, live_group, live_user, own, snapshot, user

WANTED = desired(group(), user(groups=["Developers"]))
ADD = Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Developers", "UserName": "koding-user"})


def test_a_user_outside_its_group_is_an_error_that_adds_it() -> None:
    [found] = membership_missing.check(compare(WANTED, snapshot(live_group(), live_user())))
    assert found.id == "membership-missing/arn:aws:iam::123456789012:user/koding-user/Developers"
    assert (found.severity, found.message) == ("error", "user koding-user is not in group Developers")
    assert found.location == WANTED.users["koding-user"].groups[0].location
    assert found.fix == ADD


def test_each_missing_group_is_one_finding() -> None:
    wanted = desired(group("A"), group("B"), group("C"), user(groups=["A", "B", "C"]))
    live = snapshot(live_group("A"), live_group("B"), live_group("C"), live_user(groups=["B"]))
    assert [each.key for each in membership_missing.check(compare(wanted, live))] == ["A", "C"]


def test_a_member_is_not_missing() -> None:
    assert not list(membership_missing.check(compare(WANTED, snapshot(live_group(), live_user(groups=["Developers"])))))


@pytest.mark.parametrize(
    "live",
    [
        snapshot(live_group(), absent=[("user", "koding-user")]),
        snapshot(live_user(), absent=[("group", "Developers")]),
        snapshot(absent=[("user", "koding-user"), ("group", "Developers")]),
    ],
    ids=["user", "group", "both"],
)
def test_the_membership_of_a_missing_user_or_group_is_reported_with_its_own_fix(live: Snapshot) -> None:
    [found] = membership_missing.check(compare(WANTED, live))
    assert found.fix == ADD


def test_it_is_known_from_the_groups_members_where_the_users_groups_were_not_read() -> None:
    outside = snapshot(live_group(members=["other"]), live_user(groups=None))
    [found] = membership_missing.check(compare(WANTED, outside))
    assert found.fix == ADD
    inside = snapshot(live_group(members=["koding-user"]), live_user(groups=None))
    assert not list(membership_missing.check(compare(WANTED, inside)))


def test_nobody_is_in_a_group_that_is_not_there() -> None:
    live = snapshot(live_user(groups=None), absent=[("group", "Developers")])
    assert len(list(membership_missing.check(compare(WANTED, live)))) == 1


def test_nothing_is_said_where_neither_list_or_not_even_the_user_was_read() -> None:
    assert not list(membership_missing.check(compare(WANTED, snapshot(live_group(), live_user(groups=None)))))
    assert not list(membership_missing.check(compare(WANTED, snapshot(live_user(groups=None)))))
    assert not list(membership_missing.check(compare(WANTED, snapshot(live_group()))))


def test_it_is_told_of_a_group_that_was_not_read_itself() -> None:
    [found] = membership_missing.check(compare(WANTED, snapshot(live_user(groups=[]))))
    assert found.fix == ADD


def test_nothing_is_said_of_an_ignored_user_or_group() -> None:
    live = snapshot(live_group(), live_user())
    for kind, name in (("user", "koding-user"), ("group", "Developers")):
        wanted = desired(group(), user(groups=["Developers"]), ignore=(ignore(kind, name),))
        assert not list(membership_missing.check(compare(wanted, live)))


def test_a_group_that_is_there_in_another_case_is_not_joined() -> None:
    wanted = desired(group("admins"), user(groups=["admins"]))
    [found] = membership_missing.check(compare(wanted, snapshot(live_group("Admins"), live_user())))
    assert found.fix is None


def test_a_member_of_the_group_of_another_case_lacks_no_membership() -> None:
    wanted = desired(group("admins"), user(groups=["admins"]))
    assert not list(
        membership_missing.check(compare(wanted, snapshot(live_group("Admins"), live_user(groups=["Admins"]))))
    )


def test_a_user_that_cannot_be_created_is_not_added() -> None:
    other_case = compare(WANTED, snapshot(live_group(), live_user("Koding-User")))
    assert [each.fix for each in membership_missing.check(other_case)] == [None]
    bounded = desired(group(), user(groups=["Developers"], boundary=boundary(own("edge"))))
    live = snapshot(live_group(), absent=[("user", "koding-user")])
    assert [each.fix for each in membership_missing.check(compare(bounded, live))] == [None]
