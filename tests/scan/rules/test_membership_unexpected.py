"""membership-unexpected: memberships that nobody declared, seen from the user or from an exclusive group."""

from __future__ import annotations

from koding_audit.model.finding import Action
from koding_audit.model.verb import Verb
from koding_audit.scan.rules import membership_unexpected
from tests.values import compare, desired, group, ignore, live_group, live_user, snapshot, user


def remove(user_name: str, group_name: str) -> Action:
    return Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": group_name, "UserName": user_name})


def test_a_group_that_is_not_declared_for_a_user_is_a_note_about_the_user() -> None:
    wanted = desired(group(), user(groups=["Developers"]))
    [found] = membership_unexpected.check(compare(wanted, snapshot(live_user(groups=["Developers", "Ops"]))))
    assert found.id == "membership-unexpected/arn:aws:iam::123456789012:user/koding-user/Ops"
    assert (found.severity, found.fix) == ("note", None)
    assert found.message == "user koding-user is in group Ops, which is not declared for it"
    assert found.location == wanted.users["koding-user"].location


def test_an_exclusive_user_is_removed_from_it() -> None:
    wanted = desired(user(exclusive=True))
    [found] = membership_unexpected.check(compare(wanted, snapshot(live_user(groups=["Ops"]))))
    assert (found.severity, found.fix) == ("error", remove("koding-user", "Ops"))


def test_an_exclusive_group_has_a_declared_user_removed_from_it() -> None:
    wanted = desired(group("Ops", exclusive=True), user())
    [found] = membership_unexpected.check(compare(wanted, snapshot(live_group("Ops"), live_user(groups=["Ops"]))))
    assert (found.severity, found.fix) == ("error", remove("koding-user", "Ops"))
    assert found.location == wanted.groups["Ops"].location


def test_an_exclusive_group_has_an_undeclared_user_removed_which_is_told_of_the_group() -> None:
    wanted = desired(group("Ops", exclusive=True))
    [found] = membership_unexpected.check(compare(wanted, snapshot(live_group("Ops", members=["stranger"]))))
    assert found.id == "membership-unexpected/arn:aws:iam::123456789012:group/Ops/stranger"
    assert (found.severity, found.fix) == ("error", remove("stranger", "Ops"))


def test_a_membership_that_both_lists_show_is_told_once() -> None:
    wanted = desired(group("Ops", exclusive=True), user())
    live = snapshot(live_group("Ops", members=["koding-user"]), live_user(groups=["Ops"]))
    [found] = membership_unexpected.check(compare(wanted, live))
    assert found.subject.endswith(":user/koding-user")


def test_the_groups_list_is_enough_where_the_users_was_not_read() -> None:
    wanted = desired(group("Ops", exclusive=True), user())
    live = snapshot(live_group("Ops", members=["koding-user"]), live_user(groups=None))
    [found] = membership_unexpected.check(compare(wanted, live))
    assert found.id == "membership-unexpected/arn:aws:iam::123456789012:user/koding-user/Ops"


def test_declared_members_are_expected_in_an_exclusive_group() -> None:
    wanted = desired(group("Ops", exclusive=True), user(groups=["Ops"]))
    live = snapshot(live_group("Ops", members=["koding-user"]), live_user(groups=["Ops"]))
    assert not list(membership_unexpected.check(compare(wanted, live)))


def test_members_of_a_group_that_is_not_exclusive_are_not_looked_at() -> None:
    live = snapshot(live_group(members=["stranger"]))
    assert not list(membership_unexpected.check(compare(desired(group()), live)))


def test_nothing_is_said_of_lists_that_were_not_read() -> None:
    wanted = desired(group("Ops", exclusive=True), user(exclusive=True))
    assert not list(membership_unexpected.check(compare(wanted, snapshot(live_group("Ops"), live_user(groups=None)))))
    assert not list(membership_unexpected.check(compare(wanted, snapshot())))


def test_ignored_users_and_groups_are_left_where_they_are() -> None:
    rules = (ignore("user", "break-glass-*"), ignore("group", "Billing"))
    wanted = desired(group("Ops", exclusive=True), user(exclusive=True), ignore=rules)
    live = snapshot(live_group("Ops", members=["break-glass-1"]), live_user(groups=["Billing"]))
    assert not list(membership_unexpected.check(compare(wanted, live)))


def test_a_name_in_another_case_is_the_same_member_and_the_same_group() -> None:
    wanted = desired(group("Ops", exclusive=True), group("admins"), user("bob", groups=["Ops", "admins"]))
    live = snapshot(live_group("Ops", members=["Bob"]), live_user("bob", groups=["Ops", "Admins"]))
    assert not list(membership_unexpected.check(compare(wanted, live)))
