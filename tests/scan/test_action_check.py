"""Whether AWS has the actions of a question, and uses them on its resource."""

from __future__ import annotations

import pytest

from koding_audit.io.terminal import SilentTerminal
from koding_audit.model.errors import InputError
from koding_audit.policy.evaluation import Decision
from koding_audit.reference.actions import load_actions
from koding_audit.scan.action_check import (
    ActionProblem,
    decide_despite_problem,
    find_action_problems,
    leave_out_unused,
)
from koding_audit.scan.options import AccessQuestion

KEY = "arn:aws:s3:::logs/x"


def problems(*actions: str) -> dict[str, ActionProblem]:
    return find_action_problems(actions, KEY, load_actions())


def test_only_actions_with_a_problem_have_one() -> None:
    found = problems("s3:GetObject", "s3:ListBucket", "s3:ListAllMyBuckets", "s3:PutHologram")
    assert {action: each.kind for action, each in found.items()} == {
        "s3:ListBucket": "mismatch",
        "s3:ListAllMyBuckets": "no-resource-type",
        "s3:PutHologram": "unknown-action",
    }
    assert all(each.message.startswith(action) for action, each in found.items())


def test_an_action_of_which_only_the_name_is_known_has_none() -> None:
    assert problems("aoss:CreateIngestionJob", "assurance:Chat") == {}


@pytest.mark.parametrize(
    ("action", "decided_on"),
    [("s3:ListAllMyBuckets", ["*"]), ("s3:PutHologram", [KEY]), ("s3:ListBucket", [])],
    ids=["no resource type: on *", "unknown action: on the resource", "mismatch: on nothing"],
)
def test_a_problem_makes_the_decision_unknown_whatever_the_policies_allow(action: str, decided_on: list[str]) -> None:
    asked: list[str] = []

    def decide(resource: str) -> Decision:
        asked.append(resource)
        return Decision("allowed", (), not_seen=("scp",))

    decision, by_policies = decide_despite_problem(problems(action)[action], KEY, decide)
    assert (decision.verdict, asked) == ("unknown", decided_on)
    assert (by_policies is not None) is bool(decided_on)


def test_without_a_problem_the_policies_decide() -> None:
    decision, by_policies = decide_despite_problem(None, KEY, lambda resource: Decision("allowed", ()))
    assert (decision.verdict, by_policies) == ("allowed", None)


def left(*patterns: str) -> tuple[str, ...]:
    names = tuple(name for each in patterns for name in load_actions().expand(each))
    question = AccessQuestion(patterns, resource=KEY)
    return leave_out_unused(names, question, problems(*names), SilentTerminal())


def test_an_action_that_was_typed_is_never_left_out() -> None:
    assert left("s3:ListBucket") == ("s3:ListBucket",)
    assert left("s3:ListBucket", "s3:ListM*") == ("s3:ListBucket", "s3:ListMultipartUploadParts")


def test_a_wildcard_of_which_no_action_is_used_on_the_resource_is_refused() -> None:
    with pytest.raises(InputError, match=r"no action that ec2:\* matches is used on arn:aws:s3:::logs/x"):
        left("ec2:*")
