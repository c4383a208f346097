"""The caller keeps what it may: nothing that takes it away is carried out."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit.model.account import Caller
from koding_audit.model.desired import Guards
from koding_audit.model.finding import Action
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards import GuardLimits, RequiredRead, evaluate_guards
from tests.remediation.guards.plans import (
    ALL,
    AS_ROLE,
    EDGE,
    HARMLESS,
    IN_GROUP,
    JOIN,
    LOCKS_OUT,
    LOCKS_OUT_TOGETHER,
    READ,
    account,
    auditor,
    detach,
    guards_of,
    judged,
    plan,
    says,
    statement,
)
from tests.values import aws, live_group, live_role, live_user, own, snapshot


@pytest.mark.parametrize(("live", "action"), LOCKS_OUT.values(), ids=LOCKS_OUT)
def test_nothing_is_taken_away_from_the_caller(live: Snapshot, action: Action) -> None:
    found = judged(live, action, allow_admin=True)
    assert guards_of(found) == ["lockout"]
    assert "the plan takes permissions away from its own caller, " in found.refusals[0].message
    assert "use the credentials of a principal that the plan does not change" in found.refusals[0].hint


@pytest.mark.parametrize(("live", "actions"), LOCKS_OUT_TOGETHER.values(), ids=LOCKS_OUT_TOGETHER)
def test_what_several_steps_take_from_the_caller_together_is_lockout_in_any_order(
    live: Snapshot, actions: tuple[Action, ...]
) -> None:
    creates = [each for each in actions if each.spec.effect == "create"]
    rest = [each for each in actions if each not in creates]
    orders = [(*creates, *each) for each in permutations(rest)]
    assert {tuple(guards_of(judged(live, *each))) for each in orders} == {("lockout",)}


LOCKS_NOBODY_OUT = {
    "the same by another policy": (
        account(auditor(READ, aws("Same")), documents={READ: HARMLESS, aws("Same"): ALL}),
        detach("User", "auditor", READ),
    ),
    "the same by its group": (
        account(auditor(READ, groups=["Ops"]), live_group("Ops", attached=[READ])),
        Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": "Ops", "UserName": "auditor"}),
    ),
    "another user": (account(live_user("ada", attached=[READ])), detach("User", "ada", READ)),
    "another group": (account(live_group(attached=[READ])), detach("Group", "Developers", READ)),
    "a role of another name": (account(live_role(attached=[READ])), detach("Role", "app", READ)),
    "a user that is called as the caller's role": (
        account(live_user("app", attached=[READ]), caller=AS_ROLE),
        detach("User", "app", READ),
    ),
    "a deny for others": (account(), Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": EDGE})),
    "more for itself": (account(), Action(Verb.ATTACH_USER_POLICY, {"UserName": "auditor", "PolicyArn": READ})),
    "the same in other words": (
        account(live_user("auditor", inline=["x"]), documents={"user/auditor/x": HARMLESS}),
        Action(
            Verb.PUT_USER_POLICY,
            {
                "UserName": "auditor",
                "PolicyName": "x",
                "PolicyDocument": says(statement("Allow", "S3:*"), statement("Allow", "s3:Get*")),
            },
        ),
    ),
    "a federated user": (
        account(auditor(READ), caller=Caller("arn:aws:sts::123456789012:federated-user/auditor", root=False)),
        detach("User", "auditor", READ),
    ),
}


@pytest.mark.parametrize(("live", "action"), LOCKS_NOBODY_OUT.values(), ids=LOCKS_NOBODY_OUT)
def test_what_takes_nothing_from_the_caller_by_meaning_is_not_refused(live: Snapshot, action: Action) -> None:
    assert guards_of(judged(live, action)) == []


ME = {"StringEquals": {"aws:username": "auditor"}}
BOB = {"StringEquals": {"aws:username": "bob"}}
BUCKET = "arn:aws:s3:::bucket"


def _under(condition: dict[str, dict[str, str]], effect: str = "Allow") -> str:
    return says({**statement(effect, "s3:*"), "Condition": condition})


@pytest.mark.parametrize(
    ("held", "written", "expected"),
    [
        (HARMLESS, _under(ME), []),
        (_under(ME), HARMLESS, []),
        (HARMLESS, _under(BOB), ["lockout"]),
        (_under(BOB), says(statement("Allow", "s3:Get*")), []),
        (HARMLESS, _under({"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/auditor"}}), []),
        (HARMLESS, _under({"StringEquals": {"aws:username": "${aws:username}"}}), []),
        (HARMLESS, _under({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), ["lockout"]),
        (says(statement("Allow", "s3:*", f"{BUCKET}/${{aws:username}}")),
         says(statement("Allow", "s3:*", f"{BUCKET}/auditor")), []),
        (says(statement("Allow", "s3:*", f"{BUCKET}/${{aws:username}}")),
         says(statement("Allow", "s3:*", f"{BUCKET}/bob")), ["lockout"]),
    ],
)  # fmt: skip
def test_the_callers_policies_are_compared_as_they_are_for_it(held: str, written: str, expected: list[str]) -> None:
    live = account(live_user("auditor", inline=["x"]), documents={"user/auditor/x": held})
    put = Action(Verb.PUT_USER_POLICY, {"UserName": "auditor", "PolicyName": "x", "PolicyDocument": written})
    assert guards_of(judged(live, put, allow_admin=True)) == expected


@pytest.mark.parametrize(("condition", "expected"), [(ME, ["lockout"]), (BOB, [])])
def test_a_deny_that_is_for_another_member_of_the_callers_group_takes_nothing_from_it(
    condition: dict[str, dict[str, str]], expected: list[str]
) -> None:
    live = account(auditor(READ, groups=["Ops"]))
    denied = {"GroupName": "Ops", "PolicyName": "no", "PolicyDocument": _under(condition, "Deny")}
    assert guards_of(judged(live, Action(Verb.PUT_GROUP_POLICY, denied))) == expected


def test_the_caller_is_not_read_where_nothing_is_taken_away_or_denied() -> None:
    live = snapshot(live_group(), live_user("ada"), documents={READ: HARMLESS})
    attach = Action(Verb.ATTACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": READ})
    assert evaluate_guards(plan(attach, JOIN), live, frozenset(), Guards(), GuardLimits()).required_reads == frozenset()
    # From another user or role nothing of the caller's can go.
    other = snapshot(live_user("ada", attached=[READ]), documents={READ: HARMLESS})
    assert (
        evaluate_guards(plan(detach("User", "ada", READ)), other, frozenset(), Guards(), GuardLimits()).required_reads
        == frozenset()
    )
    group = snapshot(live_group(attached=[READ]), documents={READ: HARMLESS})
    needs = evaluate_guards(
        plan(detach("Group", "Developers", READ)), group, frozenset(), Guards(), GuardLimits()
    ).required_reads
    assert needs == {("user", "auditor")}


def test_a_caller_who_cannot_be_read_is_not_known_to_keep_everything() -> None:
    gap = Gap(Fact.USER, "iam:GetUser", "AccessDenied", "user/auditor", "iam:GetUser")
    live = snapshot(live_group(attached=[READ]), documents={READ: HARMLESS}, gaps=(gap,))
    asked: frozenset[RequiredRead] = frozenset({("user", "auditor")})
    (refusal,) = evaluate_guards(
        plan(detach("Group", "Developers", READ)), live, asked, Guards(), GuardLimits()
    ).refusals
    assert (refusal.guard, refusal.hint) == ("unread", "nothing was written; allow the caller iam:GetUser")


DOCS = st.lists(
    st.builds(
        statement,
        st.sampled_from(["Allow", "Allow", "Deny"]),
        st.sampled_from(["*", "iam:*", "s3:GetObject", "s3:*"]),
        st.sampled_from(["*", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a*"]),
    ),
    min_size=1,
    max_size=2,
).map(lambda rules: says(*rules))


@settings(max_examples=20)
@given(st.lists(DOCS, min_size=4, max_size=4), st.sets(st.sampled_from([0, 1])), st.sets(st.sampled_from([2, 3])))
def test_what_comes_and_goes_by_groups_is_judged_as_what_comes_and_goes_directly(
    texts: list[str], taken: set[int], added: set[int]
) -> None:
    arns = [own(f"p{number}") for number in range(4)]
    documents = dict(zip(arns, texts, strict=True))
    groups = [live_group(f"G{number}", attached=[arn]) for number, arn in enumerate(arns)]
    directly = account(auditor(*arns[:2]), documents=documents)
    attach = [Action(Verb.ATTACH_USER_POLICY, {"UserName": "auditor", "PolicyArn": arns[each]}) for each in added]
    detached = [detach("User", "auditor", arns[each]) for each in taken]
    by_groups = account(auditor(groups=["G0", "G1"]), *groups, documents=documents)
    names = {each: {"GroupName": f"G{each}", "UserName": "auditor"} for each in range(4)}
    moves = [Action(Verb.ADD_USER_TO_GROUP, names[each]) for each in added]
    moves += [Action(Verb.REMOVE_USER_FROM_GROUP, names[each]) for each in taken]
    found = [judged(directly, *attach, *detached, allow_admin=True), judged(by_groups, *moves, allow_admin=True)]
    assert found[0].refusals == found[1].refusals
