"""quota-exceeded: what the fix would add and the account's quotas do not hold."""

from __future__ import annotations

from koding_audit.scan.rules import quota_exceeded
from tests.values import ROOT, aws, compare, desired, group, ignore, live_group, live_user, policy_set, snapshot, user

A, B, C = aws("A"), aws("B"), aws("C")
SET = policy_set("set", A, B)


def test_more_attached_policies_than_the_group_quota_is_an_error() -> None:
    wanted = desired(SET, group(required=["set"]))
    live = snapshot(live_group(attached=[A, C]), summary={"AttachedPoliciesPerGroupQuota": 2})
    [found] = quota_exceeded.check(compare(wanted, live))
    assert found.id == "quota-exceeded/arn:aws:iam::123456789012:group/Developers/AttachedPoliciesPerGroupQuota"
    assert (found.severity, found.fix) == ("error", None)
    assert found.message == "group Developers would have 3 attached policies; this account's quota is 2"
    assert found.evidence == {"quota": 2, "needed": 3}


def test_exactly_the_quota_fits() -> None:
    wanted = desired(SET, group(required=["set"]))
    live = snapshot(live_group(attached=[A, C]), summary={"AttachedPoliciesPerGroupQuota": 3})
    assert not list(quota_exceeded.check(compare(wanted, live)))


def test_users_have_a_quota_of_their_own() -> None:
    wanted = desired(SET, user(required=["set"]))
    summary = {"AttachedPoliciesPerUserQuota": 1, "AttachedPoliciesPerGroupQuota": 10}
    [found] = quota_exceeded.check(compare(wanted, snapshot(live_user(), summary=summary)))
    assert found.key == "AttachedPoliciesPerUserQuota"


def test_what_is_over_the_quota_already_and_lacks_nothing_is_fine() -> None:
    wanted = desired(SET, group(required=["set"]))
    live = snapshot(live_group(attached=[A, B, C]), summary={"AttachedPoliciesPerGroupQuota": 2})
    assert not list(quota_exceeded.check(compare(wanted, live)))


def test_an_optional_set_takes_no_room() -> None:
    wanted = desired(SET, group(optional=["set"]))
    live = snapshot(live_group(attached=[A]), summary={"AttachedPoliciesPerGroupQuota": 1})
    assert not list(quota_exceeded.check(compare(wanted, live)))


def test_a_missing_group_needs_room_for_all_of_its_policies() -> None:
    wanted = desired(SET, group(required=["set"]))
    live = snapshot(absent=[("group", "Developers")], summary={"AttachedPoliciesPerGroupQuota": 1})
    [found] = quota_exceeded.check(compare(wanted, live))
    assert found.evidence == {"quota": 1, "needed": 2}


def test_more_groups_than_a_user_may_be_in_is_an_error() -> None:
    wanted = desired(group("G"), group("H"), user(groups=["G", "H"]))
    live = snapshot(live_group("G"), live_group("H"), live_user(groups=["G", "X"]), summary={"GroupsPerUserQuota": 2})
    [found] = quota_exceeded.check(compare(wanted, live))
    assert found.key == "GroupsPerUserQuota"
    assert found.message == "user koding-user would have 3 groups; this account's quota is 2"


def test_a_group_of_another_case_or_an_ignored_one_takes_no_room() -> None:
    wanted = desired(group("g"), group("x"), user(groups=["g", "x"]), ignore=(ignore("group", "x"),))
    live = snapshot(live_group("G"), live_user(groups=["G"]), summary={"GroupsPerUserQuota": 1})
    assert not list(quota_exceeded.check(compare(wanted, live)))


def test_missing_users_and_groups_have_to_fit_the_account() -> None:
    wanted = desired(group("G"), group("H"), user("u"), user("v"), user("w"))
    live = snapshot(
        live_user("w"),
        absent=[("group", "G"), ("group", "H"), ("user", "u"), ("user", "v")],
        summary={"Users": 4, "UsersQuota": 5, "Groups": 9, "GroupsQuota": 10},
    )
    found = {each.key: each for each in quota_exceeded.check(compare(wanted, live))}
    assert set(found) == {"UsersQuota", "GroupsQuota"}
    assert found["UsersQuota"].subject == ROOT
    assert found["UsersQuota"].message == "the account would have 6 users; this account's quota is 5"
    assert found["GroupsQuota"].evidence == {"quota": 10, "needed": 11}


def test_a_full_account_that_lacks_nothing_is_fine() -> None:
    summary = {"Users": 6, "UsersQuota": 5, "Groups": 5, "GroupsQuota": 5}
    live = snapshot(live_user(), live_group(), summary=summary)
    assert not list(quota_exceeded.check(compare(desired(user(), group()), live)))


def test_a_user_whose_name_is_taken_in_another_case_is_not_created_and_takes_no_room() -> None:
    wanted = desired(SET, user("bob", required=["set"]))
    summary = {"Users": 5, "UsersQuota": 5, "AttachedPoliciesPerUserQuota": 1}
    assert not list(quota_exceeded.check(compare(wanted, snapshot(live_user("Bob"), summary=summary))))


def test_a_quota_or_a_count_that_was_not_read_is_not_guessed() -> None:
    wanted = desired(SET, group(required=["set"]), user(groups=["Developers"]))
    absent = [("group", "Developers"), ("user", "koding-user")]
    for summary in (None, {}, {"UsersQuota": 0, "GroupsQuota": 0}, {"Users": 9, "Groups": 9}):
        assert not list(quota_exceeded.check(compare(wanted, snapshot(absent=absent, summary=summary))))


def test_attachments_and_groups_that_were_not_read_are_not_counted() -> None:
    wanted = desired(SET, group(required=["set"]), user(groups=["Developers"]))
    summary = {"AttachedPoliciesPerGroupQuota": 0, "GroupsPerUserQuota": 0}
    live = snapshot(live_group(attached=None), live_user(groups=None), summary=summary)
    assert not list(quota_exceeded.check(compare(wanted, live)))
