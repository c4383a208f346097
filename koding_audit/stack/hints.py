"""What CloudFormation's own handlers call: a hint for the types without a row, which nobody checked for Terraform."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from koding_audit.policy import packed
from koding_audit.policy.actions import ActionList
from koding_audit.stack.type_table import OPERATIONS, RowKind, TypeRow

_NAMES = os.path.join(os.path.dirname(__file__), "cloudformation.txt")  # noqa: PTH118, PTH120 - pathlib costs time


def cloudformation_types() -> dict[str, str]:
    """CloudFormation's type of each Terraform type that has one."""
    with open(_NAMES, encoding="ascii") as file:  # noqa: PTH123 - as above
        return dict(line.split() for line in file)


def load_hints() -> tuple[packed.DataOrigin, Mapping[str, str]]:
    """Where the data is from, and by CloudFormation's type its operations as JSON: lists of actions."""
    origin, lines = packed.read_packed(__file__, "cloudformation.xz")
    return origin, {name: text for name, _, text in (line.partition("\t") for line in lines)}


@dataclass
class Hints:
    """Rows made of hints; nothing is read before the first type that has no row."""

    known: ActionList

    def row(self, kind: RowKind, name: str) -> TypeRow | None:
        """None for a data source, and where CloudFormation has no such type, or says nothing of it."""
        text = self._texts.get(self._names.get(name, "")) if kind == "type" else None
        if text is None:
            return None
        found = json.loads(text)
        operations: dict[str, tuple[str, ...]] = {
            each: tuple(action for action in found.get(each, ()) if action in self.known) for each in OPERATIONS
        }
        return TypeRow("type", name, operations, {})

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return cloudformation_types()

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        return load_hints()[1]
