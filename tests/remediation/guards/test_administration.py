"""Which plans give ways to administration: by the difference between the account before and after the whole plan."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit.model.desired import Guards
from koding_audit.model.finding import Action
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.policy.evaluation import AccessRequest, Decision, decide
from koding_audit.remediation.guards import GuardLimits, Judgement, evaluate_guards, holder_change
from tests.remediation.guards.plans import (
    ADMIN,
    ALL,
    DOCUMENTS,
    EDGE,
    HARMLESS,
    IN_GROUP,
    JOIN,
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
from tests.values import aws, live_group, live_role, live_user, own

IAM = "arn:aws:iam::123456789012"
DENY = aws("Deny")
PASS_ONE = says(statement("Allow", "iam:PassRole", f"{IAM}:role/app"))
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
FROM_HOME = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
TO_ADA = Action(Verb.ATTACH_USER_POLICY, {**OF_ADA, "PolicyArn": ADMIN})
FREE_ADA = Action(Verb.DETACH_USER_POLICY, {**OF_ADA, "PolicyArn": DENY})


def put(document: str, name: str = "x", verb: Verb = Verb.PUT_USER_POLICY, **target: str) -> Action:
    return Action(verb, {**(target or OF_ADA), "PolicyName": name, "PolicyDocument": document})


def ada(inline: dict[str, str], **more: Any) -> Snapshot:
    """An account in which ada holds these inline policies."""
    documents = {**DOCUMENTS, **{f"user/ada/{name}": text for name, text in inline.items()}}
    return account(live_user("ada", inline=inline, **more), documents=documents)


# --- the end, and not the step -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "less",
    [
        PASS_ONE,
        HARMLESS,
        says({**statement("Allow", "*"), "Condition": WITH_MFA}),
        says(statement("Allow", "iam:*")),
        says(statement("Allow", "iam:AttachUserPolicy", f"{IAM}:user/bob")),
        says(statement("Allow", "*"), statement("Deny", "iam:*")),
        ALL,
    ],
)
def test_a_change_that_takes_rights_from_an_administrator_makes_none(less: str) -> None:
    assert judged(ada({"x": ALL}), put(less)) == Judgement()
    version = {"PolicyArn": EDGE, "PolicyDocument": less, "SetAsDefault": True}
    assert judged(account(documents={EDGE: ALL}), Action(Verb.CREATE_POLICY_VERSION, version)) == Judgement()


def test_one_condition_more_takes_rights_and_another_one_or_none_gives_some() -> None:
    conditional = says({**statement("Allow", "*"), "Condition": WITH_MFA})
    both = says({**statement("Allow", "*"), "Condition": {**WITH_MFA, **FROM_HOME}})
    other = says({**statement("Allow", "*"), "Condition": FROM_HOME})
    assert judged(ada({"x": conditional}), put(both)) == Judgement()
    assert judged(ada({"x": conditional}), put(conditional, "y")) == Judgement()
    assert guards_of(judged(ada({"x": conditional}), put(other))) == ["administration"]
    assert guards_of(judged(ada({"x": conditional}), put(ALL))) == ["administration"]
    assert guards_of(judged(ada({"x": both}), put(conditional))) == ["administration"]


def test_a_narrower_network_is_another_condition() -> None:
    def from_network(cidr: str) -> str:
        return says({**statement("Allow", "*"), "Condition": {"IpAddress": {"aws:SourceIp": cidr}}})

    assert judged(ada({"x": from_network("192.0.2.0/24")}), put(from_network("192.0.2.0/24"))) == Judgement()
    narrower = judged(ada({"x": from_network("192.0.2.0/24")}), put(from_network("192.0.2.0/25")))
    assert guards_of(narrower) == ["administration"]


def test_who_is_an_administrator_in_the_same_way_is_not_made_one_again() -> None:
    by_group = account(live_user("ada", groups=["Ops"]), live_group("Ops", attached=[ADMIN]))
    assert judged(by_group, TO_ADA) == Judgement()
    by_itself = account(live_user("ada", attached=[ADMIN]), live_group(attached=[ADMIN]))
    assert judged(by_itself, JOIN) == Judgement()
    # The way is the same, and the users that it reaches are others.
    narrow = says(statement("Allow", "iam:PutUserPolicy", f"{IAM}:user/bob"))
    wide = says(statement("Allow", "iam:PutUserPolicy", f"{IAM}:user/b*"))
    assert guards_of(judged(ada({"x": narrow}), put(wide))) == ["administration"]
    assert judged(ada({"x": wide}), put(narrow)) == Judgement()


TOGETHER = {
    "an allow beside a deny that goes": (account(live_user("ada", attached=[DENY])), (TO_ADA, FREE_ADA)),
    "an allow and a deny of a group that goes": (
        account(live_user("ada", groups=["Ops"]), live_group("Ops", attached=[DENY], members=["ada"])),
        (TO_ADA, Action(Verb.DETACH_GROUP_POLICY, {"GroupName": "Ops", "PolicyArn": DENY})),
    ),
    "an allow by a group that is joined, and one's own deny goes": (
        account(live_user("ada", attached=[DENY]), live_group(attached=[ADMIN])),
        (JOIN, FREE_ADA),
    ),
    "a deny goes by leaving a group, and an allow comes by joining one": (
        account(live_user("ada", groups=["Ops"]), live_group("Ops", attached=[DENY]), live_group(attached=[ADMIN])),
        (JOIN, Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": "Ops", **OF_ADA})),
    ),
    "the deny is overwritten": (ada({"no": NO_IAM}), (TO_ADA, put(HARMLESS, "no"))),
}


@pytest.mark.parametrize(("live", "actions"), TOGETHER.values(), ids=TOGETHER)
def test_steps_that_are_harmless_alone_and_a_way_together_are_refused(
    live: Snapshot, actions: tuple[Action, ...]
) -> None:
    assert [guards_of(judged(live, each)) for each in actions] == [[], []]
    for order in permutations(actions):
        assert guards_of(judged(live, *order)) == ["administration"]


def test_an_inline_policy_of_a_name_in_another_case_counts_as_overwritten() -> None:
    live = ada({"guard": NO_IAM}, attached=[ADMIN])
    assert guards_of(judged(live, put(HARMLESS, "GUARD"))) == ["administration"]
    assert judged(live, put(HARMLESS, "other")) == Judgement()


def test_an_allow_that_comes_with_its_deny_in_the_same_plan_is_no_way() -> None:
    deny = Action(Verb.ATTACH_USER_POLICY, {**OF_ADA, "PolicyArn": DENY})
    for order in permutations([TO_ADA, deny]):
        assert judged(account(), *order) == Judgement()
    moved = account(live_user("ada", attached=[ADMIN, DENY]), live_group(attached=[DENY]))
    for order in permutations([FREE_ADA, JOIN]):
        assert judged(moved, *order) == Judgement()


def test_a_group_that_is_joined_counts_as_it_is_after_the_plan() -> None:
    live = account(live_group(attached=[ADMIN]))
    assert guards_of(judged(live, JOIN)) == ["administration"]
    assert judged(live, JOIN, Action(Verb.DETACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": ADMIN})) == Judgement()
    smaller = {"PolicyArn": ADMIN, "PolicyDocument": HARMLESS, "SetAsDefault": True}
    assert judged(live, JOIN, Action(Verb.CREATE_POLICY_VERSION, smaller)) == Judgement()


def test_a_group_without_members_is_judged_for_who_joins_it_later() -> None:
    live = account(live_group(members=[]))
    assert guards_of(judged(live, put(ALL, verb=Verb.PUT_GROUP_POLICY, **IN_GROUP))) == ["administration"]


def test_each_member_of_a_group_that_loses_a_deny_is_judged_and_named() -> None:
    live = account(
        live_group(attached=[DENY], members=["ada", "auditor"]),
        live_user("ada", attached=[READ], groups=["Developers"]),
        live_user("auditor", inline=["x"], groups=["Developers"]),
        documents={**DOCUMENTS, "user/auditor/x": ALL},
    )
    free = Action(Verb.DETACH_GROUP_POLICY, {**IN_GROUP, "PolicyArn": DENY})
    found = judged(live, free, allow_admin=True)
    assert " to user auditor, by removing the Deny of Deny" in found.grants_by_step[0]


# --- regions, and not a probe ------------------------------------------------------------------------

LIMITED = [
    *(f"{IAM}:role/app", f"{IAM}:role/ab", f"{IAM}:role/app-*", f"{IAM}:role/team/*", f"{IAM}:role/ci/*"),
    *(f"{IAM}:role/app?", "arn:aws:iam::*:role/app-*", "arn:*:iam::*:role/app-*", f"{IAM}:role/app*-x"),
    *(f"{IAM}:role/*:*", f"{IAM}:role/service-role/*", "arn:aws:iam::210987654321:role/*", "arn:aws:s3:::bucket"),
]
UNLIMITED = [
    *("*", f"{IAM}:*", f"{IAM}:role/*", f"{IAM}:role/a*", f"{IAM}:role/ap*", f"{IAM}:role/ab?", f"{IAM}:role/*e*"),
    *(f"{IAM}:role/*-app", f"{IAM}:role/?pp-*", f"{IAM}:role/*/app", f"{IAM}:role/*/app-*", "arn:aws:iam::*:role/*"),
    *("arn:*:iam::*:*", "arn:aws:iam", f"{IAM}:role/a/*", f"{IAM}:r*", f"{IAM}:role/${{aws:PrincipalTag/team}}-*"),
    f"{IAM}:role/${{aws:PrincipalTag/team, 'app-one'}}",
]


def passes(*statements: dict[str, Any]) -> list[str]:
    return guards_of(judged(account(), put(says(*statements))))


@pytest.mark.parametrize("resource", LIMITED)
def test_passing_roles_that_begin_with_three_characters_is_no_way(resource: str) -> None:
    assert passes(statement("Allow", "iam:PassRole", resource)) == []
    others_denied = {"Effect": "Deny", "Action": "iam:PassRole", "NotResource": resource}
    assert passes(statement("Allow", "iam:PassRole"), others_denied) == []


@pytest.mark.parametrize("resource", UNLIMITED)
def test_passing_other_roles_is_a_way(resource: str) -> None:
    assert passes(statement("Allow", "iam:PassRole", resource)) == ["administration"]
    some = statement("Deny", "iam:PassRole", f"{IAM}:role/admin*")
    assert passes(statement("Allow", "iam:PassRole", resource), some) == ["administration"]


@pytest.mark.parametrize("resource", [f"{IAM}:role/app", f"{IAM}:role/app-*", f"{IAM}:role/team/*"])
def test_passing_every_role_but_some_is_a_way(resource: str) -> None:
    assert passes({"Effect": "Allow", "Action": "iam:PassRole", "NotResource": resource}) == ["administration"]
    assert passes(statement("Allow", "iam:PassRole"), statement("Deny", "iam:PassRole", resource)) == ["administration"]


def test_a_deny_with_a_condition_does_not_limit_which_roles_are_passed() -> None:
    sometimes = {"Effect": "Deny", "Action": "iam:PassRole", "NotResource": f"{IAM}:role/app-*", "Condition": WITH_MFA}
    assert passes(statement("Allow", "iam:PassRole"), sometimes) == ["administration"]


PASS_APPS = says(statement("Allow", "iam:PassRole", f"{IAM}:role/app*"))


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (live_role("app", attached=[ADMIN]), ["administration"]),
        (live_role("app-two", inline=["y"]), ["administration"]),
        (live_role("app", attached=[ADMIN, DENY]), []),
        (live_role("app", attached=[ADMIN], boundary=READ), []),
        (live_role("app", attached=[READ]), []),
        (live_role("worker", attached=[ADMIN]), []),
        (live_role("app", attached=None), []),
    ],
)
def test_passing_an_administrator_among_the_roles_that_were_read_is_a_way(role: Any, expected: list[str]) -> None:
    live = account(role, documents={**DOCUMENTS, "role/app-two/y": ALL})
    assert guards_of(judged(live, put(PASS_APPS))) == expected


def test_a_role_that_passes_an_administrator_is_one() -> None:
    to_next = {f"role/app-{n}/y": says(statement("Allow", "iam:PassRole", f"{IAM}:role/app-{n + 1}")) for n in (1, 2)}
    back = {"role/app-3/y": says(statement("Allow", "iam:PassRole", f"{IAM}:role/app-1"))}
    roles = [live_role(f"app-{n}", inline=["y"]) for n in (1, 2, 3)]
    first = put(says(statement("Allow", "iam:PassRole", f"{IAM}:role/app-1")))
    circle = account(*roles, documents={**DOCUMENTS, **to_next, **back})
    assert guards_of(judged(circle, first)) == []
    strong = account(*roles, documents={**DOCUMENTS, **to_next, "role/app-3/y": ALL})
    assert guards_of(judged(strong, first)) == ["administration"]


def test_roles_that_could_be_passed_before_are_no_new_way() -> None:
    strong = live_role(attached=[ADMIN])
    assert judged(account(strong, live_user("ada", inline=["x"]), documents={**DOCUMENTS, "user/ada/x": PASS_APPS}),
                  put(PASS_APPS, "y")) == Judgement()  # fmt: skip


# --- the name of a user whom nothing names -----------------------------------------------------------

OWN_ROLES = says(statement("Allow", "iam:PassRole", f"{IAM}:role/team-${{aws:username}}-*"))
ITS_VERSION = {"PolicyArn": EDGE, "PolicyDocument": OWN_ROLES, "SetAsDefault": True}
OWN_NAME_GIVEN = {
    "a group": put(OWN_ROLES, verb=Verb.PUT_GROUP_POLICY, **IN_GROUP),
    "a new policy": Action(Verb.CREATE_POLICY, {"PolicyName": "edge", "PolicyDocument": OWN_ROLES}),
    "a new version": Action(Verb.CREATE_POLICY_VERSION, ITS_VERSION),
}


@pytest.mark.parametrize("action", OWN_NAME_GIVEN.values(), ids=OWN_NAME_GIVEN)
def test_a_role_that_any_user_name_reaches_is_reached_by_a_holder_without_a_name(action: Action) -> None:
    def found(role: str, *attached: str) -> list[str]:
        return guards_of(
            judged(account(live_role(role, attached=attached), documents={**DOCUMENTS, EDGE: HARMLESS}), action)
        )

    assert found("team-app-x", ADMIN) == ["administration"]
    assert found("team-app-x", READ) == []
    assert found("team-app", ADMIN) == []


# --- variables with a default ------------------------------------------------------------------------

KEY_OF_ADMIN = says(statement("Allow", "iam:CreateAccessKey", f"{IAM}:user/${{aws:username, 'admin'}}"))
VERSION_OF_EDGE = {"PolicyArn": EDGE, "PolicyDocument": KEY_OF_ADMIN, "SetAsDefault": True}


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (put(KEY_OF_ADMIN, verb=Verb.PUT_ROLE_POLICY, **OF_APP), ["administration"]),
        (put(KEY_OF_ADMIN), []),
        (put(KEY_OF_ADMIN, verb=Verb.PUT_GROUP_POLICY, **IN_GROUP), []),
        (Action(Verb.CREATE_POLICY, {"PolicyName": "edge", "PolicyDocument": KEY_OF_ADMIN}), ["administration"]),
        (Action(Verb.CREATE_POLICY_VERSION, VERSION_OF_EDGE), ["administration"]),
    ],
    ids=["role", "user", "group", "new policy", "new version"],
)
def test_a_variable_with_a_default_is_what_its_holder_gets(action: Action, expected: list[str]) -> None:
    assert guards_of(judged(account(documents={EDGE: HARMLESS}), action)) == expected


# --- laws -------------------------------------------------------------------------------------------

RULES = st.builds(
    lambda effect, action, resource, condition: {
        **statement(effect, action, resource),
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["*", "iam:PassRole", "iam:PutUserPolicy", "iam:*", "s3:*"]),
    st.sampled_from(["*", f"{IAM}:role/app-*", f"{IAM}:role/a*", f"{IAM}:user/ada", f"{IAM}:*/${{aws:username}}"]),
    st.sampled_from([None, WITH_MFA, FROM_HOME]),
)
DOCS = st.lists(RULES, min_size=1, max_size=3).map(lambda found: says(*found))
THREE = {aws("One"): "One", aws("Two"): "Two", own("three"): "three"}
ALLOWS = st.lists(RULES.map(lambda rule: {**rule, "Effect": "Allow"}), min_size=1, max_size=3).map(
    lambda found: says(*found)
)


@settings(max_examples=15)
@given(st.lists(DOCS, min_size=3, max_size=3), st.sets(st.sampled_from(sorted(THREE))), st.randoms())
def test_the_order_of_the_steps_does_not_matter(documents: list[str], held: set[str], random: Any) -> None:
    texts = dict(zip(THREE, documents, strict=True))
    live = account(live_user("ada", attached=held), live_group(attached=[own("three")], members=[]), documents=texts)
    steps = [
        Action(Verb.DETACH_USER_POLICY if arn in held else Verb.ATTACH_USER_POLICY, {**OF_ADA, "PolicyArn": arn})
        for arn in THREE
    ]
    steps += [JOIN, put(documents[0]), put(documents[1], verb=Verb.PUT_GROUP_POLICY, **IN_GROUP)]
    mixed = random.sample(steps, len(steps))
    assert guards_of(judged(live, *steps)) == guards_of(judged(live, *mixed))


@settings(max_examples=15)
@given(st.lists(ALLOWS, min_size=3, max_size=3), st.lists(DOCS, max_size=1))
def test_a_plan_that_only_takes_allows_is_never_a_way(documents: list[str], kept: list[str]) -> None:
    texts = {**dict(zip(THREE, documents, strict=True)), **{f"user/ada/{n}": text for n, text in enumerate(kept)}}
    live = account(live_user("ada", attached=THREE, inline=[str(n) for n in range(len(kept))]), documents=texts)
    steps = [Action(Verb.DETACH_USER_POLICY, {**OF_ADA, "PolicyArn": arn}) for arn in sorted(THREE)[:2]]
    assert judged(live, *steps) == Judgement()


@settings(max_examples=15)
@given(st.lists(DOCS, min_size=2, max_size=2), DOCS)
def test_documents_that_come_by_a_group_are_judged_as_those_of_the_user(held: list[str], new: str) -> None:
    texts = {aws("One"): held[0], aws("Two"): held[1], EDGE: new}
    by_group = account(
        live_user("ada", attached=[aws("One"), aws("Two")]), live_group(attached=[EDGE]), documents=texts
    )
    attach = Action(Verb.ATTACH_USER_POLICY, {**OF_ADA, "PolicyArn": EDGE})
    assert guards_of(judged(by_group, JOIN)) == guards_of(judged(by_group, attach))


@pytest.mark.parametrize("document", [ALL, HARMLESS, PASS_APPS])
def test_what_many_users_get_alike_is_decided_once(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(request: AccessRequest, *rest: Any) -> Decision:
        calls.append(request.action)
        return decide(request, *rest)

    monkeypatch.setattr(holder_change, "decide", counted)
    counts = []
    for number in (2, 40):
        users = [live_user(f"user{each}", attached=[READ]) for each in range(number)]
        live = account(*users, live_group(attached=[EDGE]), documents={READ: HARMLESS, EDGE: document})
        calls.clear()
        judged(live, *(Action(Verb.ADD_USER_TO_GROUP, {**IN_GROUP, "UserName": each.name}) for each in users))
        counts.append(len(calls))
    assert counts[0] == counts[1]


def test_the_documents_of_the_roles_that_may_be_passed_are_read_and_no_others() -> None:
    roles = live_role("app", attached=[ADMIN]), live_role("worker", attached=[aws("Worker")])
    live = account(*roles, live_role("app-x", attached=None), documents={})
    first = evaluate_guards(plan(put(PASS_APPS)), live, frozenset(), Guards(), GuardLimits())
    assert first.required_reads == {("document", ADMIN)}
    harmless = put(HARMLESS)
    assert evaluate_guards(plan(harmless), live, frozenset(), Guards(), GuardLimits()) == Judgement()
