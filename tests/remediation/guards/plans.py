"""Plans, and what guards say of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from koding_audit.model.account import Caller, principal_key
from koding_audit.model.desired import Guards
from koding_audit.model.finding import Action
from koding_audit.model.plan import Basis, Plan, Step
from koding_audit.model.snapshot import Organization, Snapshot
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards import GuardLimits, Judgement, evaluate_guards
from tests.values import ACCOUNT, NOW, aws, live_group, live_role, live_user, own, snapshot

ADMIN, READ, EDGE = aws("AdministratorAccess"), aws("IAMReadOnlyAccess"), own("edge")
IN_GROUP, OF_ADA, OF_APP = {"GroupName": "Developers"}, {"UserName": "ada"}, {"RoleName": "app"}
JOIN = Action(Verb.ADD_USER_TO_GROUP, {**IN_GROUP, **OF_ADA})

AS_ROLE = Caller("arn:aws:sts::123456789012:assumed-role/app/session", root=False)


def says(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def statement(effect: str, action: str, resource: str = "*") -> dict[str, str]:
    return {"Effect": effect, "Action": action, "Resource": resource}


ALL, NO_IAM, HARMLESS = (
    says(statement("Allow", "*")),
    says(statement("Deny", "iam:*")),
    says(statement("Allow", "s3:*")),
)
DOCUMENTS = {ADMIN: ALL, READ: HARMLESS, EDGE: NO_IAM, aws("Deny"): NO_IAM, f"{EDGE}@v1": ALL}


def plan(*actions: Action) -> Plan:
    basis = Basis(ACCOUNT, NOW, (), (), (), (), create=True, replace=True, state="")
    return Plan(basis, tuple(Step(action, f"finding-{n}", "add", {}) for n, action in enumerate(actions)))


def account(*principals: Any, documents: Mapping[str, str] = DOCUMENTS, **more: Any) -> Snapshot:
    """Everybody who is named in this file is there, whole and without anything, unless a test gives somebody.

    The account is in no organization, unless a test gives one.
    """
    usual = [live_group(), live_user("ada"), live_role(), live_user("auditor"), live_group("Ops")]
    parameterskeys = {principal_key(each.kind, each.name) for each in principals}
    kept = [each for each in usual if principal_key(each.kind, each.name) not in parameterskeys]
    return snapshot(*kept, *principals, documents=documents, **{"organization": Organization(""), **more})


def judged(live: Snapshot, *actions: Action, guards: Guards | None = None, **limits: Any) -> Judgement:
    found = evaluate_guards(plan(*actions), live, frozenset(), guards or Guards(), GuardLimits(**limits))
    assert found.required_reads == frozenset(), "everything is known here"
    return found


def guards_of(judgement: Judgement) -> list[str]:
    return [each.guard for each in judgement.refusals]


def auditor(*attached: str, **more: Any) -> Any:
    return live_user("auditor", attached=attached, **more)


def detach(kind: str, name: str, arn: str) -> Action:
    return Action(Verb(f"Detach{kind}Policy"), {f"{kind}Name": name, "PolicyArn": arn})


LOCKS_OUT = {
    "detached": (account(auditor(READ)), detach("User", "auditor", READ)),
    "detached from its group": (
        account(auditor(groups=["Ops"]), live_group("Ops", attached=[READ])),
        detach("Group", "Ops", READ),
    ),
    "taken out of its group": (
        account(auditor(groups=["Ops"]), live_group("Ops", attached=[READ])),
        Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": "Ops", "UserName": "auditor"}),
    ),
    "inline policy deleted": (
        account(live_user("auditor", inline=["x"]), documents={"user/auditor/x": HARMLESS}),
        Action(Verb.DELETE_USER_POLICY, {"UserName": "auditor", "PolicyName": "x"}),
    ),
    "inline policy made smaller": (
        account(live_user("auditor", inline=["x"]), documents={"user/auditor/x": HARMLESS}),
        Action(
            Verb.PUT_USER_POLICY,
            {"UserName": "auditor", "PolicyName": "x", "PolicyDocument": says(statement("Allow", "s3:Get*"))},
        ),
    ),
    "new version smaller": (
        account(auditor(own("mine")), documents={own("mine"): HARMLESS}),
        Action(
            Verb.CREATE_POLICY_VERSION,
            {
                "PolicyArn": own("mine"),
                "PolicyDocument": says(statement("Allow", "s3:Get*")),
                "SetAsDefault": True,
            },
        ),
    ),
    "gone back to a smaller version": (
        account(auditor(own("mine")), documents={own("mine"): ALL, f"{own('mine')}@v1": HARMLESS}),
        Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": own("mine"), "VersionId": "v1"}),
    ),
    "boundary made smaller": (
        account(auditor(READ, boundary=own("mine")), documents={READ: HARMLESS, own("mine"): HARMLESS}),
        Action(
            Verb.CREATE_POLICY_VERSION,
            {"PolicyArn": own("mine"), "PolicyDocument": says(statement("Allow", "s3:Get*")), "SetAsDefault": True},
        ),
    ),
    "deny attached": (
        account(auditor(READ), documents={**DOCUMENTS, EDGE: says(statement("Deny", "s3:PutObject"))}),
        Action(Verb.ATTACH_USER_POLICY, {"UserName": "auditor", "PolicyArn": EDGE}),
    ),
    "deny of what it never had": (
        account(auditor(READ)),
        Action(Verb.ATTACH_USER_POLICY, {"UserName": "auditor", "PolicyArn": EDGE}),
    ),
    "deny attached to its group": (
        account(auditor(READ, groups=["Ops"])),
        Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Ops", "PolicyArn": EDGE}),
    ),
    "deny written into its group": (
        account(auditor(READ, groups=["Ops"])),
        Action(Verb.PUT_GROUP_POLICY, {"GroupName": "Ops", "PolicyName": "no", "PolicyDocument": NO_IAM}),
    ),
    "put into a group that denies": (
        account(auditor(READ), live_group("Ops", attached=[EDGE])),
        Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Ops", "UserName": "auditor"}),
    ),
    "deleted": (account(), Action(Verb.DELETE_USER, {"UserName": "auditor"})),
    "detached from its role": (account(live_role(attached=[READ]), caller=AS_ROLE), detach("Role", "app", READ)),
}

JOIN_OPS = Action(Verb.ADD_USER_TO_GROUP, {"GroupName": "Ops", "UserName": "auditor"})
DENY_OPS = {"GroupName": "Ops", "PolicyName": "no", "PolicyDocument": NO_IAM}
TO_OPS = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Ops", "PolicyArn": EDGE})
NEW_EDGE = {"PolicyArn": EDGE, "PolicyDocument": NO_IAM, "SetAsDefault": True}
HOLDS_EDGE = live_group("Ops", attached=[EDGE])
LOCKS_OUT_TOGETHER = {
    "a group that it joins gets the deny": (account(), (TO_OPS, JOIN_OPS)),
    "a group that it joins gets the deny as an inline policy": (
        account(),
        (JOIN_OPS, Action(Verb.PUT_GROUP_POLICY, DENY_OPS)),
    ),
    "a group that the plan creates has the deny as an inline policy": (
        snapshot(auditor(), absent=[("group", "Ops")]),
        (
            Action(Verb.CREATE_GROUP, {"GroupName": "Ops"}),
            JOIN_OPS,
            Action(Verb.PUT_GROUP_POLICY, DENY_OPS),
        ),
    ),
    "a policy that the plan creates denies, and is attached to a group that it joins": (
        account(documents={}),
        (
            Action(Verb.CREATE_POLICY, {"PolicyName": "edge", "PolicyDocument": NO_IAM}),
            TO_OPS,
            JOIN_OPS,
        ),
    ),
    "a policy of a group that it joins gets a version that denies": (
        account(HOLDS_EDGE, documents={EDGE: HARMLESS}),
        (JOIN_OPS, Action(Verb.CREATE_POLICY_VERSION, NEW_EDGE)),
    ),
    "a policy of a group that it joins goes back to a version that denies": (
        account(HOLDS_EDGE, documents={EDGE: HARMLESS, f"{EDGE}@v1": NO_IAM}),
        (JOIN_OPS, Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": EDGE, "VersionId": "v1"})),
    ),
    "what it has by a group and by itself is taken in both places": (
        account(auditor(READ, groups=["Ops"]), live_group("Ops", attached=[READ])),
        (detach("User", "auditor", READ), detach("Group", "Ops", READ)),
    ),
}
