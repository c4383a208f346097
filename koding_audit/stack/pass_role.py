"""Finds the role that an argument passes to a service, the resource of iam:PassRole."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

from koding_audit.io.yaml_nodes import ScalarNode, YamlNode
from koding_audit.model.account import Account
from koding_audit.stack.references import ANY, References, ReferenceTarget

PASS_ROLE = "iam:PassRole"  # noqa: S105 - an action

_ROLE_ARN = re.compile(r"arn:[a-z*-]+:iam::[0-9*]+:role/\S+")
_PROFILE_TYPE = "aws_iam_instance_profile"
_TABLE = os.path.join(os.path.dirname(__file__), "passed_services.jsonl")  # noqa: PTH118, PTH120 - pathlib costs time
_DEEPEST = 4  # levels of references: an instance profile names a role, which another resource names


def passed_role_arn(node: YamlNode | None, argument: str, account: Account, references: References) -> str:
    """Returns the ARN of the role that an argument names, with `*` for unknown parts."""
    found = _role_of_node(node, references, profile="profile" in argument, depth=0)
    return found if found.startswith("arn:") else f"arn:{account.partition}:iam::{account.id}:role/{found}"


def load_passed_services() -> Mapping[str, str]:
    """Returns the service to which a type passes its role, for types that pass it to one service only.

    Each row of the table has its source, and the date at which that was read.
    """
    with open(_TABLE, encoding="ascii") as file:  # noqa: PTH123 - as above
        return {row["type"]: row["service"] for row in map(json.loads, file)}


def pass_role_context(service: str | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Returns the condition key with the service to which a role is passed, () if unknown."""
    return (("iam:PassedToService", (service,)),) if service else ()


def _role_of_node(node: YamlNode | None, references: References, *, profile: bool, depth: int) -> str:
    """Returns an ARN, or a role's path and name, with `*` for unknown parts."""
    if not isinstance(node, ScalarNode) or depth > _DEEPEST:
        return ANY
    target = references.resolve_target(node.value)
    if target is not None:
        return _role_of_target(target, references, depth)
    text = references.resolve_text(node.value)
    if _ROLE_ARN.fullmatch(text):
        return text
    # The name of an instance profile does not say which role it has. Terraform takes the role's name without its path.
    return ANY if profile or not text or ":" in text else text.lstrip("/")


def _role_of_target(target: ReferenceTarget, references: References, depth: int) -> str:
    type_, body = target.resource.type, target.resource.body
    if type_ == _PROFILE_TYPE and target.attribute in ("arn", "id", "name"):
        return _role_of_node(body.node("role"), references, profile=False, depth=depth + 1)
    if type_ == "aws_iam_role" and target.attribute in ("arn", "id", "name"):
        name = references.argument_text(target.resource, "name") or _prefixed_name(target, references)
        path = references.argument_text(target.resource, "path").strip("/")
        return f"{path}/{name}" if path else name
    return ANY


def _prefixed_name(target: ReferenceTarget, references: References) -> str:
    return f"{references.argument_text(target.resource, 'name_prefix')}{ANY}"
