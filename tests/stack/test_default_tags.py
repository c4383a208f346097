"""Tags that a provider adds to every resource need the tagging action of each type that has tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stack.built import lacking, stack_of, verdict
from tests.stack.made import allow

QUEUE = {"aws_sqs_queue": {"jobs": {"name": "jobs"}}}
UNTAGGED = allow(
    ["sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:SetQueueAttributes"]
)


@pytest.mark.parametrize(
    ("tags", "answer"),
    [({"Owner": "ops"}, "no"), ({"Owner": "${var.owner}"}, "no"), ({}, "yes"), ("${var.tags}", "unknown")],
)
def test_tags_of_the_provider_need_the_tagging_action(tmp_path: Path, tags: object, answer: str) -> None:
    provider = {"aws": {"default_tags": [{"tags": tags}]}}
    stack = stack_of(tmp_path, "stack.tf.json", {"resource": QUEUE, "provider": provider})
    assert verdict(stack, UNTAGGED) == answer
    assert verdict(stack, allow("sqs:*")) == "yes"


def test_only_the_resources_of_the_provider_that_adds_tags_need_it(tmp_path: Path) -> None:
    provider = {"aws": [{"region": "eu-west-1"}, {"alias": "tagged", "default_tags": {"tags": {"Owner": "ops"}}}]}
    queues = {"a": {"name": "a"}, "b": {"name": "b", "provider": "aws.tagged"}}
    stack = stack_of(tmp_path, "s.tf.json", {"resource": {"aws_sqs_queue": queues}, "provider": provider})
    assert {arn for action, arn in lacking(stack, UNTAGGED) if action == "sqs:TagQueue"} == {
        "arn:aws:sqs:*:123456789012:b"
    }


def test_a_type_without_tags_needs_no_tagging_action(tmp_path: Path) -> None:
    script = {
        "resource": {"aws_sqs_queue_policy": {"p": {"queue_url": "u", "policy": "{}"}}},
        "provider": {"aws": {"default_tags": {"tags": {"Owner": "ops"}}}},
    }
    assert not any("Tag" in each.action for each in stack_of(tmp_path, "s.tf.json", script).needs)


def plan_of(values: dict[str, Any], provider: dict[str, Any]) -> dict[str, Any]:
    at = {"address": "aws_sqs_queue.jobs", "mode": "managed", "type": "aws_sqs_queue", "name": "jobs"}
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": [{**at, "values": {"name": "jobs", **values}}]}},
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": provider}},
            "root_module": {
                "resources": [{**at, "provider_config_key": "aws", "expressions": {"name": {"constant_value": "jobs"}}}]
            },
        },
    }


@pytest.mark.parametrize(
    ("values", "provider", "answer"),
    [
        ({"tags": None, "tags_all": {"Owner": "ops"}}, {}, "no"),
        ({"tags_all": {}}, {}, "yes"),
        ({"tags_all": None}, {}, "yes"),
        ({}, {"default_tags": [{"tags": {"constant_value": {"Owner": "ops"}}}]}, "no"),
        ({}, {"default_tags": [{"tags": {"references": ["var.tags"]}}]}, "no"),
    ],
)
def test_in_a_plan_the_tags_are_those_of_tags_all(
    tmp_path: Path, values: dict[str, Any], provider: dict[str, Any], answer: str
) -> None:
    stack = stack_of(tmp_path, "plan.json", plan_of(values, provider))
    assert verdict(stack, UNTAGGED) == answer
    assert "ops" not in repr(stack)
