"""Hints for types without a row in the table: the actions of CloudFormation's handlers, not checked for Terraform."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from koding_audit.reference import packed
from koding_audit.reference.actions import ActionList
from koding_audit.stack.type_table import OPERATIONS, RowKind, TypeRow

_NAMES = os.path.join(os.path.dirname(__file__), "cloudformation.txt")  # noqa: PTH118, PTH120 - pathlib costs time


def cloudformation_types() -> dict[str, str]:
    """Returns the CloudFormation type of each Terraform type that has one."""
    with open(_NAMES, encoding="ascii") as file:  # noqa: PTH123 - as above
        return dict(line.split() for line in file)


def load_hints() -> tuple[packed.DataOrigin, Mapping[str, str]]:
    """Returns the origin of the data, and the operations of each CloudFormation type as JSON: lists of actions."""
    origin, lines = packed.read_packed(__file__, "cloudformation.xz")
    return origin, {name: text for name, _, text in (line.partition("\t") for line in lines)}


@dataclass
class Hints:
    """Rows from hints; the data is read when the first type without a row is looked up.

    known: AWS's actions; others in a hint are left out
    """

    known: ActionList

    def row(self, kind: RowKind, name: str) -> TypeRow | None:
        """Returns a row, None for a data source and for a type that CloudFormation does not have or does not list."""
        text = self._texts.get(self._names.get(name, "")) if kind == "type" else None
        if text is None:
            return None
        found = json.loads(text)
        operations: dict[str, tuple[str, ...]] = {
            each: tuple(action for action in found.get(each, ()) if action in self.known) for each in OPERATIONS
        }
        return TypeRow("type", name, operations, {}, origin="hint")

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return cloudformation_types()

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        return load_hints()[1]
