"""The stack table: which AWS actions a Terraform type calls; one JSON object a line in types/*.jsonl."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

RowKind = Literal["type", "data"]

OPERATIONS: tuple[Literal["create", "read", "update", "delete"], ...] = ("create", "read", "update", "delete")

_TYPES = os.path.join(os.path.dirname(__file__), "types")  # noqa: PTH118, PTH120 - pathlib costs milliseconds


@dataclass(frozen=True, slots=True)
class TypeRow:
    """What one type calls. kind: `type` for a resource, `data` for a data source, which is only read.

    operations: by name what it always calls, whatever its arguments; arguments: what one adds that is given, by its
    name, `block.argument`, or `argument=value`; arn: templates with `${partition}`, `${region}`, `${account}` and
    `{argument}`; service_role: services whose service-linked role AWS makes at its first use; checked: against what.
    """

    kind: RowKind
    type: str
    operations: Mapping[str, tuple[str, ...]]
    arguments: Mapping[str, tuple[str, ...]]
    arn: tuple[str, ...] = ()
    service_role: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()


@dataclass(frozen=True)
class TypeTable:
    """Every row. A line is made a row when it is asked for."""

    lines: Mapping[tuple[RowKind, str], str]

    def row(self, kind: RowKind, name: str) -> TypeRow | None:
        """None for a type that the table does not know."""
        line = self.lines.get((kind, name))
        return None if line is None else decode_type_row(json.loads(line))

    def __iter__(self) -> Iterator[TypeRow]:
        return (decode_type_row(json.loads(line)) for line in self.lines.values())


def load_type_table() -> TypeTable:
    """The rows that ship with the tool."""
    return TypeTable({key: line for path in type_table_paths() for key, line in _keyed_lines(path)})


def type_table_paths() -> list[str]:
    """The files of the table, in order."""
    names = sorted(name for name in os.listdir(_TYPES) if name.endswith(".jsonl"))  # noqa: PTH208 - as above
    return [os.path.join(_TYPES, name) for name in names]  # noqa: PTH118 - as above


def read_type_rows(path: str) -> Iterator[TypeRow]:
    """The rows of one file, in its order."""
    return (decode_type_row(json.loads(line)) for _, line in _keyed_lines(path))


def decode_type_row(value: Mapping[str, Any]) -> TypeRow:
    """From a line's JSON, which the tests hold to its shape."""
    kind: RowKind = "type" if "type" in value else "data"
    return TypeRow(
        kind=kind,
        type=value[kind],
        operations={name: tuple(value.get(name, ())) for name in OPERATIONS},
        arguments={name: tuple(actions) for name, actions in value.get("arguments", {}).items()},
        arn=tuple(value.get("arn", ())),
        service_role=tuple(value.get("service_role", ())),
        checked=tuple(value.get("checked", ())),
    )


def _keyed_lines(path: str) -> Iterator[tuple[tuple[RowKind, str], str]]:
    with open(path, encoding="ascii") as file:  # noqa: PTH123 - as above
        for line in file:
            # `{"type": "aws_eip", ...`: the key comes first, so that a line need not be parsed to be found.
            _, key, _, name, _ = line.split('"', 4)
            yield ("type" if key == "type" else "data", name), line
