"""What a principal may do: the question resolved before anything is read, then decided from plain values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from koding_audit.aws.sources import AccountSource
from koding_audit.io.terminal import SilentTerminal
from koding_audit.model.account import Caller
from koding_audit.model.errors import AccessError, AuditError, InputError
from koding_audit.model.frozen import replace
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Snapshot
from koding_audit.reference.actions import load_actions
from koding_audit.scan.access import decide_access, parse_context, resolve_actions, resolve_question
from koding_audit.scan.options import AccessQuestion
from tests.values import ACCOUNT, aws, live_user, snapshot

EC2 = aws("AmazonEC2FullAccess")
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}})
SEEN = replace(snapshot(live_user(attached=[EC2])), documents={EC2: DOCUMENT})


def source_of(seen: Snapshot, collect: Callable[[Query], Any] | None = None) -> AccountSource:
    caller = Caller("arn:aws:iam::123456789012:user/auditor", root=False)
    return AccountSource(lambda: (ACCOUNT, caller), collect or (lambda query: seen), None)


def decide(question: AccessQuestion, seen: Snapshot = SEEN, pinned: str = "") -> dict[str, str]:
    resolved = resolve_question(question, SilentTerminal())
    answer = decide_access(source_of(seen), resolved, pinned, SilentTerminal())
    return {name: each.verdict for name, each in answer.decisions.items()}


def test_each_action_of_a_wildcard_is_decided() -> None:
    found = decide(AccessQuestion(("ec2:Run*",), "user/koding-user"))
    assert found == {"ec2:RunInstances": "allowed", "ec2:RunScheduledInstances": "allowed"}


def test_an_action_that_no_policy_allows_is_denied_implicitly() -> None:
    assert decide(AccessQuestion(("s3:GetObject",), "user/koding-user")) == {"s3:GetObject": "implicit-deny"}


def test_an_arn_of_the_account_names_the_principal() -> None:
    question = AccessQuestion(("ec2:RunInstances",), "arn:aws:iam::123456789012:user/koding-user")
    assert decide(question) == {"ec2:RunInstances": "allowed"}


@pytest.mark.parametrize(
    ("principal", "message"),
    [
        ("arn:aws:iam::210987654321:user/ada", "is not of account 123456789012"),
        ("koding-user", "is not a user, group or role"),
        ("team/koding-user", "is not a user, group or role"),
        ("user/", "is not a user, group or role"),
        ("user/ada", "there is no user ada in account 123456789012"),
        (
            "arn:aws:iam::123456789012:user/team/koding-user",
            "the ARN of user koding-user is arn:aws:iam::123456789012:",
        ),
    ],
)
def test_a_principal_that_is_not_one_of_the_account_is_refused(principal: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decide(AccessQuestion(("ec2:RunInstances",), principal))


def test_a_principal_that_could_not_be_read_is_not_taken_for_missing() -> None:
    gap = Gap(Fact.USER, "iam:GetUser", "AccessDenied", "user/ada", "iam:GetUser")
    with pytest.raises(AuditError, match="user ada could not be read: iam:GetUser: AccessDenied"):
        decide(AccessQuestion(("ec2:RunInstances",), "user/ada"), replace(SEEN, gaps=(gap,)))


def test_another_account_than_the_pinned_one_is_refused_before_it_is_read() -> None:
    queries: list[Query] = []
    question = resolve_question(AccessQuestion(("ec2:RunInstances",), "user/koding-user"), SilentTerminal())
    with pytest.raises(AccessError, match="123456789012"):
        decide_access(source_of(SEEN, queries.append), question, "111111111111", SilentTerminal())
    assert queries == []


@pytest.mark.parametrize(
    ("principal", "facts"),
    [
        ("user/koding-user", {Fact.USER, Fact.GROUPS, Fact.ATTACHED, Fact.INLINE}),
        ("role/app", {Fact.ROLE, Fact.ATTACHED, Fact.INLINE}),
        ("group/Developers", {Fact.GROUP, Fact.ATTACHED, Fact.INLINE}),
    ],
)
def test_only_the_principal_and_what_decides_for_it_is_read(principal: str, facts: set[Fact]) -> None:
    queries: list[Query] = []

    def collect(query: Query) -> Snapshot:
        queries.append(query)
        return SEEN

    question = resolve_question(AccessQuestion(("ec2:RunInstances",), principal), SilentTerminal())
    try:
        decide_access(source_of(SEEN, collect), question, "", SilentTerminal())
    except InputError:
        assert principal != "user/koding-user"
    (query,) = queries
    kind, _, name = principal.partition("/")
    read = {"user": query.users, "group": query.groups, "role": query.roles}
    assert {each: set(wanted) for each, wanted in read[kind].items()} == {name: facts}
    assert not any(wanted for other, wanted in read.items() if other != kind)
    assert query.effective == {(kind, name.casefold())}


def test_a_repeated_context_key_has_all_its_values() -> None:
    said = ["aws:TagKeys=a", "aws:TagKeys=b", "aws:RequestedRegion=eu=west"]
    assert parse_context(said) == (("aws:TagKeys", ("a", "b")), ("aws:RequestedRegion", ("eu=west",)))


@pytest.mark.parametrize("pair", ["aws:TagKeys", "=x", ""])
def test_a_context_that_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(InputError, match="is not KEY=VALUE"):
        parse_context([pair])


@pytest.mark.parametrize("pattern", ["RunInstances", ":Run", "ec2:", "ec2"])
def test_what_is_no_action_is_refused(pattern: str) -> None:
    with pytest.raises(InputError, match="is not an action"):
        resolve_actions([pattern], load_actions())


@pytest.mark.parametrize("text", ["ec2:RunInstances,s3:GetObject", "ec2:RunInstances s3:GetObject"])
def test_two_actions_in_one_text_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="is more than one action") as found:
        resolve_actions([text], load_actions())
    assert found.value.hint == "write --action ec2:RunInstances --action s3:GetObject"


def test_an_action_that_several_texts_match_is_decided_once() -> None:
    found = resolve_actions(["ec2:RunInstances", "ec2:Run*", "EC2:runinstances"], load_actions())
    assert found == ("ec2:RunInstances", "ec2:RunScheduledInstances")


def test_a_question_whose_resource_is_not_an_arn_is_refused() -> None:
    with pytest.raises(InputError, match="iam:PassRole is not an ARN"):
        decide(AccessQuestion(("ec2:RunInstances",), "user/koding-user", "iam:PassRole"))


def test_a_wildcard_that_matches_nothing_is_refused_with_the_date_of_the_list() -> None:
    with pytest.raises(InputError, match=r"no AWS action matches ec2:Nothing\* \(list of \d{4}-"):
        resolve_actions(["ec2:Nothing*"], load_actions())


def test_an_unknown_action_is_decided_by_the_policies_all_the_same() -> None:
    assert resolve_actions(["ec2:RunInstance"], load_actions()) == ("ec2:RunInstance",)


@pytest.mark.parametrize(
    ("principal", "roles"),
    [
        ("user/koding-user", {"app": {Fact.ROLE}}),
        ("group/Developers", {"app": {Fact.ROLE}}),
        ("role/web", {"app": {Fact.ROLE}, "web": {Fact.ROLE, Fact.ATTACHED, Fact.INLINE}}),
        ("role/App", {"App": {Fact.ROLE, Fact.ATTACHED, Fact.INLINE}}),
    ],
)
def test_the_role_that_an_action_of_sts_is_about_is_read_for_its_trust_policy(
    principal: str, roles: dict[str, set[Fact]]
) -> None:
    queries: list[Query] = []

    def collect(query: Query) -> Snapshot:
        queries.append(query)
        return SEEN

    role = "arn:aws:iam::123456789012:role/team/app"
    for action, expected in (
        ("sts:AssumeRole", roles),
        ("iam:GetRole", {name: roles[name] for name in roles if name != "app"}),
    ):
        question = resolve_question(AccessQuestion((action,), principal, role), SilentTerminal())
        try:
            decide_access(source_of(SEEN, collect), question, "", SilentTerminal())
        except InputError:
            assert principal != "user/koding-user"
        assert queries.pop().roles == expected


def test_a_trust_policy_that_could_not_be_read_leaves_it_unknown_who_can_assume_the_role() -> None:
    gap = Gap(Fact.ROLE, "iam:GetRole", "AccessDenied", "role/app", "iam:GetRole")
    question = AccessQuestion(("sts:AssumeRole",), "user/koding-user", "arn:aws:iam::123456789012:role/app")
    assert decide(question, replace(SEEN, gaps=(gap,))) == {"sts:AssumeRole": "unknown"}


def test_me_is_the_caller_of_the_source() -> None:
    seen = replace(snapshot(live_user("auditor", attached=[EC2])), documents={EC2: DOCUMENT})
    assert decide(AccessQuestion(("ec2:RunInstances",), "me"), seen) == {"ec2:RunInstances": "allowed"}
