"""Who builds a stack, what is asked about them, and what comes of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from koding_audit.model.account import principal_key
from koding_audit.model.errors import InputError
from koding_audit.model.query import Fact, Query
from koding_audit.model.stack import StackNeed, StackUnknown, StackUse
from koding_audit.scan.stack_build import add_builder_facts, decide_build, resolve_builder
from tests.scan.rules.stacks import live, wanted
from tests.values import ACCOUNT, aws, desired, line, live_role, statement, user

RUN = StackNeed(
    "ec2:RunInstances", "arn:aws:ec2:*:123456789012:instance/*", "", (StackUse("aws_instance.web", line(9), "create"),)
)

DEPLOY = live_role("deploy")
TRUST_THE_ACCOUNT = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}]}
)


@pytest.mark.parametrize("said", ["user/ada", "role/deploy"])
def test_whoever_is_named_builds(said: str) -> None:
    assert "/".join(resolve_builder(desired(), said)) == said


@pytest.mark.parametrize("said", ["ada", "group/Ops", "user/", "user/team/ada"])
def test_who_is_no_user_and_no_role_is_refused(said: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_builder(desired(), said)
    assert "user/NAME" in caught.value.hint


def test_the_only_user_that_is_declared_builds_and_of_several_none_is_guessed() -> None:
    assert resolve_builder(desired(user("ada")), "") == ("user", "ada")
    with pytest.raises(InputError):
        resolve_builder(desired(), "")
    with pytest.raises(InputError) as caught:
        resolve_builder(desired(*(user(f"u{number:02}") for number in range(22))), "")
    assert "user/u19 and 2 more" in caught.value.hint


def test_the_builder_and_the_groups_that_it_may_join_are_read_with_their_documents() -> None:
    query = add_builder_facts(wanted(RUN).bind(ACCOUNT), ACCOUNT, Query())
    assert query.users["koding-user"] == {Fact.USER, Fact.GROUPS, Fact.ATTACHED, Fact.INLINE}
    assert query.groups["Developers"] == {Fact.GROUP, Fact.ATTACHED, Fact.INLINE}
    assert query.effective == {principal_key("user", "koding-user")}
    assert query.documents == {aws("EC2"), aws("S3")}
    assert add_builder_facts(desired(), ACCOUNT, Query()) == Query()


def test_the_verdict_is_yes_only_where_every_need_is_allowed_and_known() -> None:
    state = wanted(RUN).bind(ACCOUNT)
    (stack,) = state.stacks
    allowed = live("EC2", EC2=statement("ec2:*"))
    assert decide_build(state, allowed, stack).verdict == "yes"
    denied = decide_build(state, live(), stack)
    assert (denied.verdict, denied.missing_needs, denied.denied_needs) == ("no", (RUN,), (RUN,))
    unclear = replace(stack, unknown=(StackUnknown("aws_x", "aws_x.a", "no row", line(3)),))
    assert decide_build(state, allowed, unclear).verdict == "unknown"


def test_nobody_builds_who_does_not_exist() -> None:
    state = replace(wanted(RUN), builder=("user", "nobody")).bind(ACCOUNT)
    decision = decide_build(state, live("EC2", EC2=statement("ec2:*")), state.stacks[0])
    assert (decision.exists, decision.verdict) == (False, "no")


def test_a_need_that_never_decides_is_listed_and_only_strict_asks_for_it() -> None:
    perhaps = replace(RUN, action="ec2:DescribeInstances", certain=False, perhaps=True)
    state = wanted(RUN, perhaps).bind(ACCOUNT)
    allowed = live("EC2", EC2=statement("ec2:RunInstances"))
    found = decide_build(state, allowed, state.stacks[0])
    assert (found.verdict, found.missing_needs, found.undecided_needs) == ("yes", (), (perhaps,))
    assert decide_build(replace(state, strict=True), allowed, state.stacks[0]).verdict == "unknown"


def test_a_service_role_is_asked_for_the_resources_and_the_caller_for_its_own_calls() -> None:
    call = replace(RUN, action="cloudformation:CreateChangeSet", resource="*", caller=True)
    state = wanted(RUN, call).bind(ACCOUNT)
    stack = replace(state.stacks[0], service_role="role/deploy")
    state = replace(state, stacks=(stack,))
    query = add_builder_facts(state, ACCOUNT, Query())
    assert query.roles["deploy"] == {Fact.ROLE, Fact.ATTACHED, Fact.INLINE}
    assert principal_key("role", "deploy") in query.effective
    snapshot = live("EC2", EC2=statement("cloudformation:*"))
    absent = decide_build(state, snapshot, stack)
    assert (absent.lacks_service_role, absent.verdict) == (True, "no")
    served = replace(snapshot, principals={**snapshot.principals, principal_key("role", "deploy"): DEPLOY})
    found = decide_build(state, served, stack)
    assert (found.verdict, found.denied_needs) == ("no", (RUN,))
    assert found.choice.sets == ()  # what the user lacks is nothing, and its sets do not help the role
    able = replace(DEPLOY, attached=frozenset({aws("EC2")}))
    whole = live("EC2", EC2=statement(["ec2:*", "cloudformation:*"]))
    served = replace(whole, principals={**whole.principals, principal_key("role", "deploy"): able})
    assert decide_build(state, served, stack).verdict == "yes"


def test_who_may_assume_the_roles_of_the_cdk_needs_nothing_else_and_who_may_not_needs_it_all() -> None:
    assume = replace(RUN, action="sts:AssumeRole", resource="arn:aws:iam::123456789012:role/cdk-x", caller=True)
    state = wanted(RUN).bind(ACCOUNT)
    unknown = (StackUnknown("aws_x", "aws_x.a", "no row", line(3)),)
    stack = replace(state.stacks[0], assumed=(assume,), unknown=unknown)
    assert add_builder_facts(replace(state, stacks=(stack,)), ACCOUNT, Query()).roles == {"cdk-x": {Fact.ROLE}}
    unread = live("EC2", EC2=statement("sts:AssumeRole"))
    assert decide_build(state, unread, stack).verdict == "unknown"
    bootstrap = replace(live_role("cdk-x"), trust=TRUST_THE_ACCOUNT)
    read = replace(unread, principals={**unread.principals, principal_key("role", "cdk-x"): bootstrap})
    allowed = decide_build(state, read, stack)
    assert (allowed.verdict, allowed.stack.needs, allowed.stack.unknown) == ("yes", (assume,), ())
    assert "not asked of the caller" in allowed.stack.notes[0]
    own = decide_build(state, live("EC2", EC2=statement("sts:AssumeRole", "Deny")), stack)
    assert (own.verdict, own.denied_needs) == ("no", (RUN,))
    assert "the caller's own permissions" in own.stack.notes[0]
    foreign = replace(stack, is_assumed_elsewhere=True)
    assert decide_build(state, live("EC2", EC2=statement("sts:AssumeRole", "Deny")), foreign).denied_needs == (assume,)
