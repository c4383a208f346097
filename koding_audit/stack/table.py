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
class Row:
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
class Table:
    """Every row. A line is made a row when it is asked for."""

    lines: Mapping[tuple[RowKind, str], str]

    def row(self, kind: RowKind, name: str) -> Row | None:
        """None for a type that the table does not know."""
        line = self.lines.get((kind, name))
        return None if line is None else row_of(json.loads(line))

    def __iter__(self) -> Iterator[Row]:
        return (row_of(json.loads(line)) for line in self.lines.values())


def load() -> Table:
    """The rows that ship with the tool."""
    return Table({key: line for path in paths() for key, line in _lines(path)})


def paths() -> list[str]:
    """The files of the table, in order."""
    names = sorted(name for name in os.listdir(_TYPES) if name.endswith(".jsonl"))  # noqa: PTH208 - as above
    return [os.path.join(_TYPES, name) for name in names]  # noqa: PTH118 - as above


def rows_of(path: str) -> Iterator[Row]:
    """The rows of one file, in its order."""
    return (row_of(json.loads(line)) for _, line in _lines(path))


def row_of(value: Mapping[str, Any]) -> Row:
    """From a line's JSON, which the tests hold to its shape."""
    kind: RowKind = "type" if "type" in value else "data"
    return Row(
        kind=kind,
        type=value[kind],
        operations={name: tuple(value.get(name, ())) for name in OPERATIONS},
        arguments={name: tuple(actions) for name, actions in value.get("arguments", {}).items()},
        arn=tuple(value.get("arn", ())),
        service_role=tuple(value.get("service_role", ())),
        checked=tuple(value.get("checked", ())),
    )


def _lines(path: str) -> Iterator[tuple[tuple[RowKind, str], str]]:
    with open(path, encoding="ascii") as file:  # noqa: PTH123 - as above
        for line in file:
            # `{"type": "aws_eip", ...`: the key comes first, so that a line need not be parsed to be found.
            _, key, _, name, _ = line.split('"', 4)
            yield ("type" if key == "type" else "data", name), line
