"""A role that a provider assumes: the builder assumes it, and the role makes the calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stack.built import stack_of

ELSEWHERE = "arn:aws:iam::222222222222:role/build"
QUEUES = {"a": {"name": "a"}, "b": {"name": "b", "provider": "aws.own"}}


def calls(tmp_path: Path, **assume: Any) -> dict[str, set[tuple[str, str]]]:
    """By the role that makes the calls, "" for the builder: each action and resource."""
    providers = [{"region": "eu-west-1", "assume_role": [assume]}, {"alias": "own", "region": "eu-west-1"}]
    script = {"provider": {"aws": providers}, "resource": {"aws_sqs_queue": QUEUES}}
    found: dict[str, set[tuple[str, str]]] = {}
    for each in stack_of(tmp_path, "s.tf.json", script).needs:
        found.setdefault(each.role, set()).add((each.action, each.resource.rpartition(":")[2]))
    return found


def test_the_builder_assumes_the_role_and_makes_the_calls_of_the_other_provider(tmp_path: Path) -> None:
    found = calls(tmp_path, role_arn=ELSEWHERE)
    assert ("sts:AssumeRole", "role/build") in found[""]
    assert {resource for action, resource in found[""] if action.startswith("sqs:")} == {"b"}
    assert {resource for _, resource in found[ELSEWHERE]} == {"a"}


@pytest.mark.parametrize(
    ("more", "actions"),
    [
        ({}, {"sts:AssumeRole"}),
        ({"tags": {"Team": "ops"}}, {"sts:AssumeRole", "sts:TagSession"}),
        ({"source_identity": "ada"}, {"sts:AssumeRole", "sts:SetSourceIdentity"}),
    ],
)
def test_tags_and_an_identity_of_the_session_need_their_own_actions(
    tmp_path: Path, more: dict[str, Any], actions: set[str]
) -> None:
    found = calls(tmp_path, role_arn=ELSEWHERE, **more)
    assert {action for action, _ in found[""] if action.startswith("sts:")} == actions


def test_a_role_that_the_script_does_not_say_is_any(tmp_path: Path) -> None:
    found = calls(tmp_path, role_arn="${var.role}")
    assert set(found) == {"", "arn:aws:iam::*:role/*"}
