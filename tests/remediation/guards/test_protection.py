"""Protection: a plan changes a principal also by its groups, its managed policies and its permissions boundary."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from koding_audit.model.account import principal_key
from koding_audit.model.desired import Guards
from koding_audit.model.finding import Action
from koding_audit.model.location import Reference
from koding_audit.model.query import Fact, Gap
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards import GuardLimits, RequiredRead, evaluate_guards
from tests.remediation.guards.plans import DOCUMENTS, EDGE, HARMLESS, READ, account, guards_of, judged, plan
from tests.values import line, live_group, live_role, live_user, snapshot

OPS = {"GroupName": "Ops"}
DENY = Action(Verb.PUT_GROUP_POLICY, {**OPS, "PolicyName": "no", "PolicyDocument": HARMLESS})
NEW_EDGE = Action(Verb.CREATE_POLICY_VERSION, {"PolicyArn": EDGE, "PolicyDocument": HARMLESS, "SetAsDefault": True})
OLD_EDGE = Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": EDGE, "VersionId": "v1"})
GROUP_STEPS = [
    DENY,
    Action(Verb.ATTACH_GROUP_POLICY, {**OPS, "PolicyArn": READ}),
    Action(Verb.DETACH_GROUP_POLICY, {**OPS, "PolicyArn": READ}),
    Action(Verb.DELETE_GROUP_POLICY, {**OPS, "PolicyName": "no"}),
]
GLASS = live_user("glass", groups=["Ops"])
DOCUMENTS_NOW = {**DOCUMENTS, EDGE: HARMLESS, f"{EDGE}@v1": HARMLESS, "group/Ops/no": HARMLESS}


KEYS = {
    "user/glass": principal_key("user", "glass"),
    "role/app": principal_key("role", "app"),
    "role/org-admin": principal_key("role", "org-admin"),
    "group/Ops": principal_key("group", "Ops"),
    "group/Admins": principal_key("group", "Admins"),
}


def guards(*names: str) -> Guards:
    return Guards(protected={KEYS[name]: Reference(name, line(2, 13)) for name in names})


def changed(live: Any, *actions: Action, names: tuple[str, ...] = ("user/glass",)) -> list[str]:
    """What is changed of those who are protected, in the words of the refusals."""
    found = judged(live, *actions, guards=guards(*names), allow_admin=True)
    assert set(guards_of(found)) <= {"protected"}
    end = ", which is protected by policies/koding.yaml:2:13"
    assert all(each.message.endswith(end) for each in found.refusals)
    return [each.message.removesuffix(end).removeprefix("the plan changes ") for each in found.refusals]


def of(*principals: Any) -> Any:
    return account(*principals, documents=DOCUMENTS_NOW)


@pytest.mark.parametrize("action", GROUP_STEPS, ids=lambda each: each.verb.value)
def test_a_change_of_a_group_changes_its_protected_members(action: Action) -> None:
    group = live_group("Ops", attached=[READ], inline=["no"])
    assert changed(of(GLASS, group), action) == ["group Ops of user/glass"]
    assert changed(of(live_user("glass"), group), action) == []


def test_the_members_of_the_group_are_read_if_the_users_groups_were_not() -> None:
    partly = replace(GLASS, groups=None)
    live = of(partly, live_group("Ops"))
    for unread in (live, of(live_group("Ops"))):
        first = evaluate_guards(plan(DENY), unread, frozenset(), guards("user/glass"), GuardLimits())
        assert first.required_reads == {("members", "Ops")}
    assert changed(of(live_group("Ops", members=["Glass"])), DENY) == ["group Ops of user/glass"]
    assert changed(of(live_group("Ops", members=["eve"])), DENY) == []


def test_members_that_cannot_be_read_are_a_refusal() -> None:
    reads = frozenset[RequiredRead]({("members", "Ops")})
    gap = Gap(Fact.MEMBERS, "iam:GetGroup", "AccessDenied", "group/Ops", "iam:GetGroup")
    live = replace(of(live_group("Ops")), gaps=(gap,))
    found = evaluate_guards(plan(DENY), live, reads, guards("user/glass"), GuardLimits())
    assert guards_of(found) == ["unread"]
    assert found.refusals[0].message.endswith("group Ops could not be read: iam:GetGroup: AccessDenied")


@pytest.mark.parametrize("action", [NEW_EDGE, OLD_EDGE], ids=lambda each: each.verb.value)
@pytest.mark.parametrize(
    ("name", "principals", "way"),
    [
        ("user/glass", [live_user("glass", attached=[EDGE])], "customer:edge of user/glass"),
        ("user/glass", [GLASS, live_group("Ops", attached=[EDGE])], "customer:edge of group Ops of user/glass"),
        ("user/glass", [live_user("glass", boundary=EDGE)], "the permissions boundary customer:edge of user/glass"),
        ("role/app", [live_role(attached=[EDGE])], "customer:edge of role/app"),
        ("role/app", [live_role(boundary=EDGE)], "the permissions boundary customer:edge of role/app"),
        ("group/Ops", [live_group("Ops", attached=[EDGE])], "customer:edge of group/Ops"),
    ],
)
def test_a_change_of_a_managed_policy_changes_the_protected_who_have_it(
    action: Action, name: str, principals: list[Any], way: str
) -> None:
    assert changed(of(*principals), action, names=(name,)) == [way]
    others = [live_user("glass", attached=[READ]), live_role(attached=[READ]), live_group("Ops", attached=[READ])]
    assert changed(of(*others), action, names=(name,)) == []


def test_the_protected_are_read_only_if_a_group_or_a_policy_changes() -> None:
    # The caller's own policies are read for the guard against lockout.
    unread = snapshot(live_user("ada"), live_group("Ops", attached=[READ]), documents=DOCUMENTS_NOW)
    wanted = guards("user/glass", "role/org-admin", "group/Admins")

    def reads(action: Action) -> set[Any]:
        return set(evaluate_guards(plan(action), unread, frozenset(), wanted, GuardLimits()).required_reads)

    to_ada = Action(Verb.ATTACH_USER_POLICY, {"UserName": "ada", "PolicyArn": READ})
    assert reads(to_ada) == set()
    assert reads(Action(Verb.ADD_USER_TO_GROUP, {**OPS, "UserName": "ada"})) == set()
    assert reads(Action(Verb.CREATE_POLICY, {"PolicyName": "new", "PolicyDocument": HARMLESS})) == set()
    assert reads(NEW_EDGE) - {("user", "auditor")} == {("user", "glass"), ("role", "org-admin"), ("group", "Admins")}


def test_who_does_not_exist_is_not_changed() -> None:
    live = replace(of(live_group("Ops")), absent=frozenset({principal_key("user", "glass")}))
    assert changed(live, DENY, NEW_EDGE) == []


def test_a_new_group_and_another_member_change_nobody() -> None:
    live = snapshot(GLASS, live_user("ada"), absent=[("group", "New")], documents={READ: HARMLESS})
    steps = (
        Action(Verb.CREATE_GROUP, {"GroupName": "New"}),
        Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "New", "PolicyArn": READ}),
    )
    assert changed(live, *steps) == []
    assert changed(of(GLASS), Action(Verb.ADD_USER_TO_GROUP, {**OPS, "UserName": "ada"})) == []
