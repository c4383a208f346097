"""The needs of a Terraform state in S3: to read and write it, to lock it, and to use its key."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from koding_audit.io.yaml_nodes import ScalarNode
from koding_audit.model.account import Account
from koding_audit.model.stack import StackUse
from koding_audit.stack.need_uses import NeedUses
from koding_audit.stack.references import ANY, References
from koding_audit.stack.script import StateUse
from koding_audit.stack.terraform_providers import assumed_roles
from koding_audit.stack.values import is_value_set

_TABLE = os.path.join(os.path.dirname(__file__), "state_actions.jsonl")  # noqa: PTH118, PTH120 - pathlib costs time
_WORKSPACES = "env:"  # the default of workspace_key_prefix


def add_state_needs(use: StateUse, account: Account, references: References, uses: NeedUses) -> None:
    """Adds what one use of a state needs."""
    roles = assumed_roles(use.body)
    region = _text(use, references, "region")
    for action, arn, why in _state_actions(use, account, references):
        named = region if ":dynamodb:" in arn or ":kms:" in arn else ""
        role = roles[-1].arn if roles else ""
        uses.add(action, arn, named.replace(ANY, ""), [StackUse(use.what, use.location, why)], role=role)


def _state_actions(use: StateUse, account: Account, references: References) -> Iterator[tuple[str, str, str]]:
    """Yields each action, its resource and its reason."""
    bucket = f"arn:{account.partition}:s3:::{_text(use, references, 'bucket') or ANY}"
    key = f"{bucket}/{_state_key(use, references)}"
    place = f"{_text(use, references, 'region') or ANY}:{account.id}"
    table = f"arn:{account.partition}:dynamodb:{place}:table/{_text(use, references, 'dynamodb_table')}"
    name = _text(use, references, "kms_key_id")
    kms_key = name if name.startswith("arn:") else f"arn:{account.partition}:kms:{place}:key/{name}"
    arns = {"bucket": bucket, "key": key, "lock_file": f"{key}.tflock", "table": table, "kms_key": kms_key}
    for row in _load_rows():
        applies = row["of"] == "read" or not use.is_only_read
        if applies and (not row["argument"] or _is_set(use, row["argument"])):
            yield from ((action, arns[row["resource"]], row["why"]) for action in row["actions"])


def _load_rows() -> list[dict[str, Any]]:
    """Returns the rows of the table, in its order."""
    with open(_TABLE, encoding="ascii") as file:  # noqa: PTH123 - pathlib costs milliseconds
        return [json.loads(line) for line in file]


def _state_key(use: StateUse, references: References) -> str:
    key = _text(use, references, "key") or ANY
    workspace = _text(use, references, "workspace")
    if workspace in ("", "default"):
        return key
    return f"{_text(use, references, 'workspace_key_prefix') or _WORKSPACES}/{workspace}/{key}"


def _text(use: StateUse, references: References, name: str) -> str:
    node = use.body.node(name)
    return references.resolve_text(node.value).strip() if isinstance(node, ScalarNode) else ""


def _is_set(use: StateUse, name: str) -> bool:
    node = use.body.node(name)
    return node is not None and is_value_set(node) is not None
