"""Finds the row of a type: of the table, of AWS's model of the provider's calls, or of CloudFormation's hints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import MappingNode
from koding_audit.reference.actions import ActionList
from koding_audit.stack.hints import Hints
from koding_audit.stack.model_rows import ModelRows
from koding_audit.stack.type_table import RowKind, RowOrigin, TypeRow, TypeTable


@dataclass
class RowLookup:
    """Finds rows, and keeps them: a script has many resources of few types.

    table: our own rows
    known: AWS's actions
    """

    table: TypeTable
    known: ActionList
    _rows: dict[tuple[RowKind, str], TypeRow | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._model = ModelRows(self.known)
        self._hints = Hints(self.known)

    def find(self, kind: RowKind, name: str) -> TypeRow | None:
        """Returns the row of a type, the best that there is; None if nothing is known of it."""
        key = kind, name
        if key not in self._rows:
            self._rows[key] = self.table.row(kind, name) or self._model.row(kind, name) or self._hints.row(kind, name)
        return self._rows[key]

    def limits(self, row: TypeRow, body: MappingNode) -> str:
        """Returns why a row may lack permissions of a resource with these arguments, "" if it does not."""
        return self._model.limits(row, body) if row.origin == "model" else ""

    @property
    def origins(self) -> Mapping[str, RowOrigin]:
        """Whose row each resource type has that was looked up, sorted by type."""
        return {name: row.origin for (kind, name), row in sorted(self._rows.items()) if row and kind == "type"}

    @property
    def hinted(self) -> tuple[str, ...]:
        """The types of which only CloudFormation's hints are known, sorted."""
        return tuple(name for name, origin in self.origins.items() if origin == "hint")
