"""quota-exceeded: what the fix would add and the account's quotas do not hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from koding_audit.desired.policy_documents import document_length
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.rules import quota_exceeded
from tests.values import (
    ROOT,
    aws,
    compare,
    desired,
    group,
    ignore,
    live_group,
    live_role,
    live_user,
    policy_set,
    role,
    snapshot,
    statement,
    user,
    written,
)

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


def long_statement(length: int) -> str:
    """A document that has this many characters without white space."""
    text = statement(Resource="arn:aws:s3:::")
    return text.replace(":::", f":::{'x' * (length - document_length(text))}")


def inline_account(other: str | None, *, names: Iterable[str] = ("old",), **more: Any) -> Snapshot:
    """Group Developers with inline policies; other: the document of `old`, None if it was not read."""
    documents = {} if other is None else {"group/Developers/old": other}
    return snapshot(live_group(inline=names), documents=documents, **more)


NEW = desired(group(inline={"new": written(long_statement(1500))}))


def test_the_inline_policies_that_a_group_has_count_with_the_new_one() -> None:
    [found] = quota_exceeded.check(compare(NEW, inline_account(long_statement(4674))))
    assert found.id == "quota-exceeded/arn:aws:iam::123456789012:group/Developers/GroupPolicySizeQuota"
    assert (
        found.message == "group Developers would have 6174 characters in inline policies; this account's quota is 5120"
    )
    assert (found.severity, found.fix, found.evidence) == ("error", None, {"quota": 5120, "needed": 6174})


def test_inline_policies_of_exactly_the_quota_fit_and_white_space_does_not_count() -> None:
    spaced = json.dumps(json.loads(long_statement(3620)), indent=40)
    assert not list(quota_exceeded.check(compare(NEW, inline_account(spaced))))
    [found] = quota_exceeded.check(compare(NEW, inline_account(long_statement(3621))))
    assert found.evidence == {"quota": 5120, "needed": 5121}


def test_the_size_in_the_summary_of_the_account_is_used_where_it_has_one() -> None:
    live = inline_account(long_statement(4674), summary={"GroupPolicySizeQuota": 6174})
    assert not list(quota_exceeded.check(compare(NEW, live)))
    live = inline_account(long_statement(100), summary={"GroupPolicySizeQuota": 1599})
    [found] = quota_exceeded.check(compare(NEW, live))
    assert found.evidence == {"quota": 1599, "needed": 1600}


@pytest.mark.parametrize(("kind", "quota"), [("user", 2048), ("group", 5120), ("role", 10240)])
def test_each_kind_of_principal_has_its_own_size_of_inline_policies(kind: str, quota: int) -> None:
    make, make_live = {"user": (user, live_user), "group": (group, live_group), "role": (role, live_role)}[kind]
    wanted = desired(make("x", inline={"new": written(long_statement(500))}))
    for length, count in ((quota - 500, 0), (quota - 499, 1)):
        documents = {f"{kind}/x/old": long_statement(length)}
        live = snapshot(make_live("x", inline=["old"]), documents=documents)
        found = [each.evidence for each in quota_exceeded.check(compare(wanted, live))]
        assert found == [{"quota": quota, "needed": quota + 1}] * count


def test_an_inline_policy_that_is_put_again_counts_once() -> None:
    wanted = desired(group(inline={"old": written(long_statement(3000))}))
    assert not list(quota_exceeded.check(compare(wanted, inline_account(long_statement(4000)))))
    live = inline_account(long_statement(100), names=["old", "more"])
    live = replace(live, documents={**live.documents, "group/Developers/more": long_statement(2121)})
    [found] = quota_exceeded.check(compare(wanted, live))
    assert found.evidence == {"quota": 5120, "needed": 5121}


def test_inline_policies_that_are_as_declared_are_not_put_and_need_no_room() -> None:
    text = long_statement(3000)
    wanted = desired(group(inline={"old": written(text)}))
    live = inline_account(text.replace('"Allow"', '"Allow","Sid":"s"'), names=["old", "more"])
    live = replace(live, documents={**live.documents, "group/Developers/more": long_statement(2120)})
    assert not list(quota_exceeded.check(compare(wanted, live)))


def test_inline_policies_that_were_not_read_are_not_counted() -> None:
    assert not list(quota_exceeded.check(compare(NEW, inline_account(None, summary={"GroupPolicySizeQuota": 1}))))
    live = snapshot(live_group(inline=None), summary={"GroupPolicySizeQuota": 1})
    assert not list(quota_exceeded.check(compare(NEW, live)))


def test_a_missing_group_needs_room_for_its_own_inline_policies_only() -> None:
    live = snapshot(absent=[("group", "Developers")], summary={"GroupPolicySizeQuota": 1499})
    [found] = quota_exceeded.check(compare(NEW, live))
    assert found.evidence == {"quota": 1499, "needed": 1500}
