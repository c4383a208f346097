"""Which role an argument hands to a service: what iam:PassRole is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from koding_audit.desired.nodes import Node, ScalarNode
from koding_audit.model import Account
from koding_audit.stack.references import ANY, References, Target

_ROLE = re.compile(r"arn:[a-z*-]+:iam::[0-9*]+:role/\S+")
_PROFILE = "aws_iam_instance_profile"
# Whom a type hands its role to, where that is one service (iam:PassedToService in IAM's user guide).
_SERVICES: Mapping[str, str] = {
    "aws_codebuild_project": "codebuild.amazonaws.com",
    "aws_codepipeline": "codepipeline.amazonaws.com",
    "aws_ecs_task_definition": "ecs-tasks.amazonaws.com",
    "aws_flow_log": "vpc-flow-logs.amazonaws.com",
    "aws_glue_job": "glue.amazonaws.com",
    "aws_instance": "ec2.amazonaws.com",
    "aws_kinesis_firehose_delivery_stream": "firehose.amazonaws.com",
    "aws_lambda_function": "lambda.amazonaws.com",
    "aws_sfn_state_machine": "states.amazonaws.com",
    "aws_spot_instance_request": "ec2.amazonaws.com",
}
_DEEPEST = 4  # a profile that names a role that another names


def passed(node: Node | None, argument: str, account: Account, references: References) -> str:
    """The ARN of the role of an argument's value, with `*` for what is not known of it."""
    found = _role(node, references, profile="profile" in argument, depth=0)
    return found if found.startswith("arn:") else f"arn:{account.partition}:iam::{account.id}:role/{found}"


def passed_to(type_: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The condition key that says to whom a type hands its role; nothing where that is not known."""
    service = _SERVICES.get(type_)
    return (("iam:PassedToService", (service,)),) if service else ()


def _role(node: Node | None, references: References, *, profile: bool, depth: int) -> str:
    """An ARN, or the name of a role with its path, in part or all `*`."""
    if not isinstance(node, ScalarNode) or depth > _DEEPEST:
        return ANY
    target = references.target(node.value)
    if target is not None:
        return _of(target, references, depth)
    text = references.text(node.value)
    if _ROLE.fullmatch(text):
        return text
    # A bare name may be that of a role at any path; that of an instance profile says nothing of its role.
    return ANY if profile or not text or ":" in text else f"{ANY}{text.lstrip(ANY)}"


def _of(target: Target, references: References, depth: int) -> str:
    type_, body = target.resource.type, target.resource.body
    if type_ == _PROFILE and target.attribute in ("arn", "id", "name"):
        return _role(body.node("role"), references, profile=False, depth=depth + 1)
    if type_ == "aws_iam_role" and target.attribute in ("arn", "id", "name"):
        name = references.text_of(target.resource, "name") or _prefixed(target, references)
        path = references.text_of(target.resource, "path").strip("/")
        # Of a data source the path is not written down.
        return f"{ANY}{name}" if target.resource.kind == "data" else f"{path}/{name}" if path else name
    return ANY


def _prefixed(target: Target, references: References) -> str:
    return f"{references.text_of(target.resource, 'name_prefix')}{ANY}"
