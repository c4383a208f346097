"""Which role an argument hands to a service: what iam:PassRole is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from koding_audit.io.yaml_nodes import ScalarNode, YamlNode
from koding_audit.model.account import Account
from koding_audit.stack.references import ANY, References, ReferenceTarget

_ROLE_ARN = re.compile(r"arn:[a-z*-]+:iam::[0-9*]+:role/\S+")
_PROFILE_TYPE = "aws_iam_instance_profile"
# Whom a type hands its role to, where that is one service (iam:PassedToService in IAM's user guide).
_PASSED_TO_SERVICES: Mapping[str, str] = {
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


def passed_role_arn(node: YamlNode | None, argument: str, account: Account, references: References) -> str:
    """The ARN of the role of an argument's value, with `*` for what is not known of it."""
    found = _role_of_node(node, references, profile="profile" in argument, depth=0)
    return found if found.startswith("arn:") else f"arn:{account.partition}:iam::{account.id}:role/{found}"


def pass_role_context(type_: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The condition key that says to whom a type hands its role; nothing where that is not known."""
    service = _PASSED_TO_SERVICES.get(type_)
    return (("iam:PassedToService", (service,)),) if service else ()


def _role_of_node(node: YamlNode | None, references: References, *, profile: bool, depth: int) -> str:
    """An ARN, or the name of a role with its path, in part or all `*`."""
    if not isinstance(node, ScalarNode) or depth > _DEEPEST:
        return ANY
    target = references.resolve_target(node.value)
    if target is not None:
        return _role_of_target(target, references, depth)
    text = references.resolve_text(node.value)
    if _ROLE_ARN.fullmatch(text):
        return text
    # A bare name may be that of a role at any path; that of an instance profile says nothing of its role.
    return ANY if profile or not text or ":" in text else f"{ANY}{text.lstrip(ANY)}"


def _role_of_target(target: ReferenceTarget, references: References, depth: int) -> str:
    type_, body = target.resource.type, target.resource.body
    if type_ == _PROFILE_TYPE and target.attribute in ("arn", "id", "name"):
        return _role_of_node(body.node("role"), references, profile=False, depth=depth + 1)
    if type_ == "aws_iam_role" and target.attribute in ("arn", "id", "name"):
        name = references.argument_text(target.resource, "name") or _prefixed_name(target, references)
        path = references.argument_text(target.resource, "path").strip("/")
        # Of a data source the path is not written down.
        return f"{ANY}{name}" if target.resource.kind == "data" else f"{path}/{name}" if path else name
    return ANY


def _prefixed_name(target: ReferenceTarget, references: References) -> str:
    return f"{references.argument_text(target.resource, 'name_prefix')}{ANY}"
