"""No principal gains a way by a plan that is not refused: plans over whole accounts, against requests one by one."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit.model.account import Caller
from koding_audit.model.desired import Guards
from koding_audit.model.finding import Action
from koding_audit.model.frozen import replace
from koding_audit.model.snapshot import Principal, Snapshot
from koding_audit.model.verb import Verb
from koding_audit.policy.evaluation import AccessRequest, Context, Policies, Policy, compile_document, decide
from koding_audit.reference.aws_reference import load_reference
from koding_audit.remediation.guards import GuardLimits, evaluate_guards
from koding_audit.remediation.guards.entitlements import Entitlements, snapshot_after
from tests.remediation.guards.plans import account, plan, says, statement
from tests.values import live_group, live_role, live_user, own

IAM = "arn:aws:iam::123456789012"
POLICIES = [own("p0"), own("p1"), own("p2")]
USERS = ("ada", "bob")
GROUPS = ("Developers", "Ops")
HARMLESS_REQUEST = ("s3:GetObject", "arn:aws:s3:::bucket/a")
REQUESTS = [
    HARMLESS_REQUEST,
    ("iam:PutUserPolicy", f"{IAM}:user/ada"),
    ("iam:PutUserPolicy", f"{IAM}:user/x"),
    ("iam:CreateAccessKey", f"{IAM}:user/admin"),
    ("iam:AttachRolePolicy", f"{IAM}:role/app-1"),
    ("iam:PassRole", f"{IAM}:role/xyz"),
]
CONTEXTS = [
    {"aws:MultiFactorAuthPresent": "true", "aws:SourceIp": "192.0.2.1"},
    {"aws:MultiFactorAuthPresent": "true", "aws:SourceIp": "198.51.100.1"},
    {"aws:SourceIp": "192.0.2.1"},
    {"aws:SourceIp": "198.51.100.1"},
]

rules = st.builds(
    lambda effect, action, resource, condition: {
        **statement(effect, action, resource),
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["*", "iam:PutUserPolicy", "iam:PassRole", "iam:*", "iam:CreateAccessKey", "s3:*"]),
    st.sampled_from(
        ["*", f"{IAM}:user/*", f"{IAM}:role/app-*", f"{IAM}:user/${{aws:username, 'admin'}}", f"{IAM}:user/ada"]
    ),
    st.sampled_from(
        [
            None,
            None,
            {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
            {"StringEquals": {"aws:username": "ada"}},
        ]
    ),
)
documents = st.lists(rules, min_size=1, max_size=2).map(lambda found: says(*found))
subsets = st.sets(st.sampled_from(POLICIES))


@st.composite
def accounts(draw: Any) -> Snapshot:
    texts = {each: draw(documents) for each in POLICIES}
    texts |= {f"{each}@v1": draw(documents) for each in POLICIES[:1]}
    members = {group: draw(st.sets(st.sampled_from(USERS))) for group in GROUPS}
    principals: list[Principal] = []
    for name in USERS:
        inline = draw(st.sets(st.just("x")))
        texts |= {f"user/{name}/{each}": draw(documents) for each in inline}
        groups = [group for group in GROUPS if name in members[group]]
        boundary = draw(st.sampled_from(["", "", POLICIES[2]]))
        principals.append(live_user(name, attached=draw(subsets), inline=inline, groups=groups, boundary=boundary))
    teams = [live_group(group, attached=draw(subsets), members=members[group]) for group in GROUPS]
    return account(*principals, *teams, live_role(attached=draw(subsets)), documents=texts)


@st.composite
def steps(draw: Any) -> Action:
    user, group, policy = (draw(st.sampled_from(each)) for each in (USERS, GROUPS, POLICIES))
    text = draw(documents)
    inline = {"PolicyName": "x", "PolicyDocument": text}
    return draw(
        st.sampled_from(
            [
                Action(Verb.ATTACH_USER_POLICY, {"UserName": user, "PolicyArn": policy}),
                Action(Verb.DETACH_USER_POLICY, {"UserName": user, "PolicyArn": policy}),
                Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": group, "PolicyArn": policy}),
                Action(Verb.DETACH_GROUP_POLICY, {"GroupName": group, "PolicyArn": policy}),
                Action(Verb.ATTACH_ROLE_POLICY, {"RoleName": "app", "PolicyArn": policy}),
                Action(Verb.DETACH_ROLE_POLICY, {"RoleName": "app", "PolicyArn": policy}),
                Action(Verb.ADD_USER_TO_GROUP, {"GroupName": group, "UserName": user}),
                Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": group, "UserName": user}),
                Action(Verb.PUT_USER_POLICY, {"UserName": user, **inline}),
                Action(Verb.PUT_GROUP_POLICY, {"GroupName": group, **inline}),
                Action(Verb.DELETE_USER_POLICY, {"UserName": user, "PolicyName": "x"}),
                Action(Verb.CREATE_POLICY_VERSION, {"PolicyArn": policy, "PolicyDocument": text, "SetAsDefault": True}),
                Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": POLICIES[0], "VersionId": "v1"}),
            ]
        )
    )


def allowed(live: Snapshot) -> set[tuple[Any, ...]]:
    """What each user and role may do, of a few requests."""
    state, found, reference = Entitlements(live), set(), load_reference()
    for principal in (each for each in live.principals.values() if each.kind != "group"):
        effective = state.effective_policies(principal.kind, principal.name)
        identity, boundary = (
            tuple(Policy("", each.name, compile_document(each.text)) for each in side)
            for side in (effective.identity, (effective.boundary,) if effective.boundary else ())
        )
        policies = Policies(identity=identity, boundary=boundary if effective.boundary else None)
        is_user = principal.kind == "user"
        arn = principal.arn if is_user else "arn:aws:sts::123456789012:assumed-role/app/s"
        for (action, resource), more in product(REQUESTS, CONTEXTS):
            names = {"aws:username": principal.name} if is_user else {}
            context = Context.from_values({**more, **names, "aws:PrincipalArn": principal.arn}, complete=True)
            request = AccessRequest(action, resource, arn, context)
            if decide(request, policies, reference).verdict == "allowed":
                found.add((principal.kind, principal.name, action, resource, tuple(sorted(more.items()))))
    return found


def refusals(live: Snapshot, actions: list[Action]) -> set[str]:
    found = evaluate_guards(plan(*actions), live, frozenset(), Guards(), GuardLimits())
    assert not found.required_reads
    return {each.guard for each in found.refusals}


@settings(max_examples=20)
@given(accounts(), st.lists(steps(), min_size=1, max_size=4))
def test_no_principal_gains_a_way_by_a_plan_that_is_not_refused(live: Snapshot, actions: list[Action]) -> None:
    after = snapshot_after(live, plan(*actions))
    gained = {each for each in allowed(after) - allowed(live) if each[2] != HARMLESS_REQUEST[0]}
    assert not gained or "administration" in refusals(live, actions), sorted(gained)


@settings(max_examples=20)
@given(accounts(), st.lists(steps(), min_size=1, max_size=4))
def test_the_caller_loses_nothing_by_a_plan_that_is_not_refused(live: Snapshot, actions: list[Action]) -> None:
    as_ada = replace(live, caller=Caller(f"{IAM}:user/ada", root=False))
    lost = {each for each in allowed(live) - allowed(snapshot_after(live, plan(*actions))) if each[1] == "ada"}
    assert not lost or "lockout" in refusals(as_ada, actions), sorted(lost)
