"""Who builds a stack, what is asked about them, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from koding_audit.model.account import principal_key
from koding_audit.model.errors import InputError
from koding_audit.model.query import Fact, Query
from koding_audit.model.stack import StackNeed, StackUnknown, StackUse
from koding_audit.scan.stack_build import add_builder_facts, decide_build, resolve_builder
from tests.scan.rules.stacks import live, wanted
from tests.values import ACCOUNT, aws, desired, line, statement, user

RUN = StackNeed(
    "ec2:RunInstances", "arn:aws:ec2:*:123456789012:instance/*", "", (StackUse("aws_instance.web", line(9), "create"),)
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
