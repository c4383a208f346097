"""May this plan be applied: plans as plain values, over an account of which some is known and some has to be read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit.model.account import principal_key
from koding_audit.model.desired import Guards, PolicyRef
from koding_audit.model.finding import Action, Finding
from koding_audit.model.location import Reference
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import Organization, OrganizationPolicy, Snapshot
from koding_audit.model.verb import Verb
from koding_audit.reference.managed_policies import load_managed_policies
from koding_audit.remediation.guards import (
    GuardLimits,
    Judgement,
    RequiredRead,
    evaluate_guards,
    merge_snapshots,
    protected_findings,
)
from tests.remediation.guards.plans import (
    ADMIN,
    ALL,
    DOCUMENTS,
    EDGE,
    HARMLESS,
    IN_GROUP,
    JOIN,
    LOCKS_OUT,
    NO_IAM,
    OF_ADA,
    OF_APP,
    READ,
    account,
    guards_of,
    judged,
    plan,
    says,
    statement,
)
from tests.values import ACCOUNT, aws, line, live_group, live_role, live_user, own, snapshot

TO_GROUP = Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": ADMIN})
INNOCENT = own("reporting")

# --- administration ---------------------------------------------------------------------------------


WITH_ADMIN = live_group(attached=[ADMIN])
WAYS_TO_IT = {
    "attached to a group": TO_GROUP,
    "attached to a user": Action(Verb.ATTACH_USER_POLICY, {**OF_ADA, "PolicyArn": ADMIN}),
    "attached to a role": Action(Verb.ATTACH_ROLE_POLICY, {**OF_APP, "PolicyArn": ADMIN}),
    "written into a group": Action(Verb.PUT_GROUP_POLICY, {**IN_GROUP, "PolicyName": "x", "PolicyDocument": ALL}),
    "written into a user": Action(Verb.PUT_USER_POLICY, {**OF_ADA, "PolicyName": "x", "PolicyDocument": ALL}),
    "written into a role": Action(Verb.PUT_ROLE_POLICY, {**OF_APP, "PolicyName": "x", "PolicyDocument": ALL}),
    "a group that is joined": JOIN,
    "a policy that is created": Action(Verb.CREATE_POLICY, {"PolicyName": "reporting", "PolicyDocument": ALL}),
    "a new default version": Action(
        Verb.CREATE_POLICY_VERSION, {"PolicyArn": EDGE, "PolicyDocument": ALL, "SetAsDefault": True}
    ),
    "a version gone back to": Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": EDGE, "VersionId": "v1"}),
}


@pytest.mark.parametrize("action", WAYS_TO_IT.values(), ids=WAYS_TO_IT)
def test_every_way_of_making_an_administrator_is_marked_and_refused(action: Action) -> None:
    live = account(WITH_ADMIN if action is JOIN else live_group())
    found = judged(live, action)
    assert guards_of(found) == ["administration"]
    assert found.grants_by_step[0].startswith("grants administration: iam:AddUserToGroup, iam:AttachGroupPolicy, ")
    assert "--allow-admin" in found.refusals[0].hint
    allowed = judged(live, action, allow_admin=True)
    assert (guards_of(allowed), allowed.grants_by_step) == ([], found.grants_by_step)


def test_a_mark_names_the_policy_in_the_words_of_a_file() -> None:
    lives = {name: account(WITH_ADMIN if action is JOIN else live_group()) for name, action in WAYS_TO_IT.items()}
    told = {name: judged(lives[name], action).grants_by_step[0] for name, action in WAYS_TO_IT.items()}
    assert told["attached to a group"].endswith(" more by AdministratorAccess")
    assert told["a group that is joined"].endswith(" by AdministratorAccess")
    assert told["written into a user"].endswith(" by inline policy x of user ada")
    assert told["a version gone back to"].endswith(" by version v1 of customer:edge")


def test_a_policy_is_judged_by_what_it_holds_and_not_by_its_name() -> None:
    innocent = Action(Verb.ATTACH_USER_POLICY, {**OF_ADA, "PolicyArn": INNOCENT})
    assert guards_of(judged(account(documents={INNOCENT: ALL}), innocent)) == ["administration"]
    assert guards_of(judged(account(documents={ADMIN: HARMLESS}), TO_GROUP)) == []


def test_an_ordinary_plan_is_not_refused_and_needs_no_more_than_the_documents_that_it_gives() -> None:
    attach = Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": READ})
    live = account(live_group(attached=[aws("EC2")]), documents={})
    first = evaluate_guards(plan(attach, attach, JOIN), live, frozenset(), Guards(), GuardLimits())
    assert first.required_reads == {("document", READ), ("document", aws("EC2"))}
    read = replace(live, documents={READ: HARMLESS, aws("EC2"): HARMLESS})
    assert judged(read, attach, attach, JOIN) == Judgement()


def test_a_policy_that_the_plan_makes_is_known_by_what_the_plan_says() -> None:
    made = Action(Verb.CREATE_POLICY, {"PolicyName": "reporting", "PolicyDocument": HARMLESS})
    attach = Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": INNOCENT})
    assert judged(account(documents={}), made, attach) == Judgement()
    version = {"PolicyArn": ADMIN, "PolicyDocument": HARMLESS, "SetAsDefault": True}
    assert guards_of(judged(account(), Action(Verb.CREATE_POLICY_VERSION, version), TO_GROUP)) == []


def test_who_is_created_by_the_plan_needs_no_reading() -> None:
    create = Action(Verb.CREATE_USER, OF_ADA), Action(Verb.CREATE_GROUP, IN_GROUP)
    live = snapshot(absent=[("user", "ada"), ("group", "Developers")], documents=DOCUMENTS)
    attach = Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": READ})
    assert judged(live, *create, attach, JOIN) == Judgement()
    assert guards_of(judged(live, *create, TO_GROUP, JOIN)) == ["administration"]


@pytest.mark.parametrize(
    "name",
    ["AmazonEC2FullAccess", "IAMReadOnlyAccess", "AmazonRoute53FullAccess", "AmazonRoute53DomainsFullAccess"],
)
@pytest.mark.parametrize("verb", [Verb.ATTACH_GROUP_POLICY, Verb.ATTACH_USER_POLICY, Verb.ATTACH_ROLE_POLICY])
def test_the_policies_of_a_first_file_are_attached_without_a_word(name: str, verb: Verb) -> None:
    policy = load_managed_policies().find_by_name(name)
    assert policy is not None
    target = {"group": IN_GROUP, "user": OF_ADA, "role": OF_APP}[Action(verb, {}).spec.entity]
    live = account(documents={policy.arn: json.dumps(policy.document)})
    assert judged(live, Action(verb, {**target, "PolicyArn": policy.arn})) == Judgement()


TO_ADA = WAYS_TO_IT["attached to a user"]
ATTACHED_DENY = aws("Deny")


@pytest.mark.parametrize(
    "live",
    [
        account(live_user("ada", attached=[ATTACHED_DENY])),
        account(live_user("ada", inline=["no"]), documents={**DOCUMENTS, "user/ada/no": NO_IAM}),
        account(live_user("ada", groups=["Ops"]), live_group("Ops", attached=[ATTACHED_DENY])),
        account(live_user("ada", boundary=READ)),
        account(organization=Organization("o-1", scps=((OrganizationPolicy("no", HARMLESS),),))),
    ],
    ids=["attached deny", "inline deny", "deny of a group", "boundary", "scp"],
)
def test_what_is_taken_away_again_from_who_gets_it_makes_no_administrator(live: Snapshot) -> None:
    assert judged(live, TO_ADA) == Judgement()


def test_what_would_take_it_away_is_read_before_anybody_is_called_an_administrator() -> None:
    live = snapshot(live_user("ada", attached=None, inline=None, groups=None), documents={ADMIN: ALL})
    first = evaluate_guards(plan(TO_ADA), live, frozenset(), Guards(), GuardLimits())
    assert first.required_reads == {("user", "ada")}
    known = merge_snapshots(live, snapshot(live_user("ada", groups=["Ops"], boundary=EDGE)))
    second = evaluate_guards(plan(TO_ADA), known, first.required_reads, Guards(), GuardLimits())
    assert second.required_reads == {("group", "Ops"), ("document", EDGE)}


@pytest.mark.parametrize(
    ("live", "action"),
    [
        (account(live_user("ada", attached=[ADMIN, ATTACHED_DENY])), Verb.DETACH_USER_POLICY),
        (account(live_role(attached=[ADMIN, ATTACHED_DENY])), Verb.DETACH_ROLE_POLICY),
        (account(live_group(attached=[ADMIN, ATTACHED_DENY], members=[])), Verb.DETACH_GROUP_POLICY),
        (
            account(
                live_group(attached=[ATTACHED_DENY], members=["ada"]),
                live_user("ada", attached=[ADMIN], groups=["Developers"]),
            ),
            Verb.DETACH_GROUP_POLICY,
        ),
    ],
    ids=["user", "role", "group", "member"],
)
def test_whom_a_deny_that_is_taken_away_kept_from_it_is_an_administrator_then(live: Snapshot, action: Verb) -> None:
    kind = action.value.removeprefix("Detach").removesuffix("Policy")
    whom = {"User": OF_ADA, "Role": OF_APP, "Group": IN_GROUP}[kind]
    found = judged(live, Action(action, {**whom, "PolicyArn": ATTACHED_DENY}))
    assert guards_of(found) == ["administration"]
    assert ", by removing the Deny of Deny" in found.grants_by_step[0]


def test_leaving_a_group_that_denied_is_judged_too() -> None:
    live = account(live_group(attached=[ATTACHED_DENY]), live_user("ada", attached=[ADMIN], groups=["Developers"]))
    leave = Action(Verb.REMOVE_USER_FROM_GROUP, {**IN_GROUP, **OF_ADA})
    assert guards_of(judged(live, leave)) == ["administration"]
    still = account(
        live_group(attached=[ATTACHED_DENY]),
        live_group("Ops", attached=[ATTACHED_DENY]),
        live_user("ada", attached=[ADMIN], groups=["Developers", "Ops"]),
    )
    assert judged(still, leave) == Judgement()


def test_a_deny_taken_away_from_who_may_nothing_of_it_makes_no_administrator() -> None:
    live = account(live_user("ada", attached=[READ, ATTACHED_DENY]))
    assert judged(live, Action(Verb.DETACH_USER_POLICY, {**OF_ADA, "PolicyArn": ATTACHED_DENY})) == Judgement()


def test_a_new_version_that_no_longer_denies_is_refused_whoever_holds_it() -> None:
    new = {"PolicyArn": EDGE, "PolicyDocument": HARMLESS, "SetAsDefault": True}
    found = judged(account(), Action(Verb.CREATE_POLICY_VERSION, new))
    assert guards_of(found) == ["administration"]
    assert "to each principal with the policy, by removing the Deny of customer:edge" in found.grants_by_step[0]


def test_a_new_version_that_denies_the_same_in_other_words_is_not() -> None:
    new = {"PolicyArn": EDGE, "PolicyDocument": says(statement("Deny", "IAM:*"), statement("Allow", "s3:*"))}
    assert judged(account(), Action(Verb.CREATE_POLICY_VERSION, {**new, "SetAsDefault": True})) == Judgement()


# --- what could not be read -------------------------------------------------------------------------


def test_a_document_that_cannot_be_read_is_a_refusal_that_names_the_read_and_the_permission() -> None:
    gap = Gap(Fact.DOCUMENT, "iam:GetPolicyVersion", "AccessDenied", ADMIN, "iam:GetPolicyVersion")
    live = account(documents={}, gaps=(gap,))
    asked: frozenset[RequiredRead] = frozenset({("document", ADMIN)})
    for allow_admin in (False, True):
        found = evaluate_guards(plan(TO_GROUP), live, asked, Guards(), GuardLimits(allow_admin=allow_admin))
        (refusal,) = found.refusals
        assert refusal.guard == "unread"
        assert "AdministratorAccess could not be read: iam:GetPolicyVersion: AccessDenied" in refusal.message
        assert "allow the caller iam:GetPolicyVersion" in refusal.hint


def test_a_group_whose_policies_cannot_be_listed_is_a_refusal() -> None:
    gap = Gap(Fact.ATTACHED, "iam:ListAttachedGroupPolicies", "Throttling", "group/Developers")
    live = account(live_group(attached=None), gaps=(gap,))
    first = evaluate_guards(plan(JOIN), live, frozenset(), Guards(), GuardLimits())
    assert first.required_reads == {("group", "Developers")}
    (refusal,) = evaluate_guards(plan(JOIN), live, first.required_reads, Guards(), GuardLimits()).refusals
    assert "group Developers could not be read: iam:ListAttachedGroupPolicies: Throttling" in refusal.message
    assert "fix the cause" in refusal.hint
    gone = replace(live, gaps=(replace(gap, reason="NoSuchEntity"),))
    (refusal,) = evaluate_guards(plan(JOIN), gone, first.required_reads, Guards(), GuardLimits()).refusals
    assert "it was deleted or renamed meanwhile" in refusal.hint


# --- the other guards -------------------------------------------------------------------------------


PROTECTED = Guards(protected={principal_key("user", "ada"): Reference("user/ada", line(3, 13))})
FORBIDDEN = Guards(forbidden=(PolicyRef(READ, line(4, 13)), PolicyRef(own("edge"), line(4, 20))))


@pytest.mark.parametrize("action", [TO_ADA, JOIN, Action(Verb.DELETE_USER, OF_ADA)], ids=lambda each: each.verb.value)
def test_a_plan_that_touches_somebody_who_is_protected_is_refused_whatever_is_allowed(action: Action) -> None:
    found = judged(account(), action, guards=PROTECTED, allow_admin=True, max_changes=1000)
    assert guards_of(found) == ["protected"]
    assert found.refusals[0].message == "the plan changes user/ada, which is protected by policies/koding.yaml:3:13"
    others = Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": READ})
    assert guards_of(judged(account(), others, guards=PROTECTED)) == []


@pytest.mark.parametrize(
    "action",
    [
        Action(Verb.ATTACH_USER_POLICY, {**OF_ADA, "PolicyArn": READ}),
        Action(Verb.CREATE_POLICY, {"PolicyName": "edge", "PolicyDocument": HARMLESS}),
        Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": EDGE, "VersionId": "v1"}),
    ],
    ids=lambda each: each.verb.value,
)
def test_a_plan_that_attaches_or_writes_what_is_forbidden_is_refused_whatever_is_allowed(action: Action) -> None:
    found = judged(account(), action, guards=FORBIDDEN, allow_admin=True)
    assert guards_of(found) == ["forbidden"]
    assert "policies/koding.yaml:4:" in found.refusals[0].message


def test_to_detach_what_is_forbidden_is_not_refused() -> None:
    detach = Action(Verb.DETACH_USER_POLICY, {**OF_ADA, "PolicyArn": READ})
    assert guards_of(judged(account(live_user("ada", attached=[READ])), detach, guards=FORBIDDEN)) == []


def test_the_lower_of_two_limits_of_changes_holds_and_says_which_it_is() -> None:
    attach = Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": READ})
    three = (attach, attach, attach)
    lower = Guards(max_changes=(2, line(5, 14)))
    (refusal,) = judged(account(), *three, guards=lower, max_changes=50).refusals
    assert refusal.message == "the plan has 3 changes, and policies/koding.yaml:5:14 allows 2"
    (refusal,) = judged(account(), *three, guards=Guards(max_changes=(9, line(5, 14))), max_changes=2).refusals
    assert refusal.message == "the plan has 3 changes, and --max-changes allows 2"
    assert "--max-changes 3" in refusal.hint
    assert judged(account(), *three, guards=lower.__class__(max_changes=(3, line(5)))) == Judgement()


def test_several_refusals_are_all_told() -> None:
    everything = replace(PROTECTED, forbidden=(PolicyRef(ADMIN, line(4, 13)),), max_changes=(0, line(5, 14)))
    found = judged(account(), TO_ADA, guards=everything, max_changes=0)
    assert guards_of(found) == ["max-changes", "max-changes", "protected", "forbidden", "administration"]


def test_a_finding_that_is_kept_back_names_who_is_protected_and_where() -> None:
    findings = [
        Finding("policy-missing", "error", ACCOUNT.arn("user", "ada"), "", fix=TO_ADA),
        Finding("policy-missing", "error", ACCOUNT.arn("group", "Developers"), "", fix=TO_GROUP),
        Finding("user-unexpected", "error", ACCOUNT.arn("user", "ada"), ""),
    ]
    assert list(protected_findings(findings, PROTECTED)) == [(findings[0], Reference("user/ada", line(3, 13)))]


# --- laws -------------------------------------------------------------------------------------------


EVERY_ACTION = [*WAYS_TO_IT.values(), *(action for _, action in LOCKS_OUT.values())]
plans = st.lists(st.sampled_from(EVERY_ACTION), max_size=4)


def answered(actions: Iterable[Action], guards: Guards, **limits: Any) -> set[str]:
    """The guards that refuse, over an account in which what is not known cannot be read."""
    live, asked = account(WITH_ADMIN), frozenset[RequiredRead]()
    while True:
        found = evaluate_guards(plan(*actions), live, asked, guards, GuardLimits(**limits))
        if not found.required_reads:
            return set(guards_of(found))
        asked |= found.required_reads


@settings(max_examples=40)
@given(plans, st.booleans(), st.integers(0, 4))
def test_allowing_more_on_the_command_line_never_adds_a_refusal_and_lifts_only_its_own(
    actions: list[Action], allow_admin: bool, most: int
) -> None:
    guards = replace(PROTECTED, forbidden=FORBIDDEN.forbidden, max_changes=(2, line(5)))
    less = answered(actions, guards, max_changes=most)
    more = answered(actions, guards, allow_admin=allow_admin, max_changes=most + 1)
    assert more <= less
    assert less - more <= {"administration", "max-changes"}
    assert {"protected", "forbidden"} & less == {"protected", "forbidden"} & more


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([READ, aws("EC2"), aws("Logs")]), max_size=3), st.sampled_from([TO_GROUP, TO_ADA, JOIN])
)
def test_a_plan_that_gives_no_way_is_never_refused_as_making_an_administrator(held: list[str], like: Action) -> None:
    documents = {READ: HARMLESS, aws("EC2"): says(statement("Allow", "ec2:*")), aws("Logs"): NO_IAM}
    live = account(live_group(attached=held), live_user("ada", attached=[ADMIN]), documents={**documents, ADMIN: ALL})
    parameters = {**like.parameters, "PolicyArn": aws("EC2")} if "PolicyArn" in like.parameters else like.parameters
    assert "administration" not in guards_of(judged(live, Action(like.verb, parameters)))
