"""The table of Terraform types and the AWS actions that they call: types/*.jsonl, one JSON object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

RowKind = Literal["type", "data"]
RowOrigin = Literal["own", "model", "hint"]

OPERATIONS: tuple[Literal["create", "read", "update", "delete"], ...] = ("create", "read", "update", "delete")

_TYPES = os.path.join(os.path.dirname(__file__), "types")  # noqa: PTH118, PTH120 - pathlib costs milliseconds


@dataclass(frozen=True, slots=True)
class TypeRow:
    """The actions that one type calls.

    kind: `type` for a resource, `data` for a data source, which is only read
    type: for example `aws_eip`
    operations: the actions of each operation, for any arguments
    arguments: the actions that an argument adds; the key is `argument`, `block.argument` or `argument=value`
    arn: templates with `${partition}`, `${region}`, `${account}` and `{argument}`
    service_role: services whose service-linked role AWS creates on first use
    tolerated: reads whose refusal the provider only logs, so that they do not decide
    checked: the sources against which the row was checked
    origin: whose row it is: our own, AWS's model of the provider's calls, or a hint of CloudFormation
    may_read: actions that a read may call or not, as the model has it
    left_out: why the row lacks some of the actions, "" if it does not
    """

    kind: RowKind
    type: str
    operations: Mapping[str, tuple[str, ...]]
    arguments: Mapping[str, tuple[str, ...]]
    arn: tuple[str, ...] = ()
    service_role: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    origin: RowOrigin = "own"
    may_read: tuple[str, ...] = ()
    left_out: str = ""


@dataclass(frozen=True)
class TypeTable:
    """All rows of the table; a line is decoded when it is used.

    lines: the JSON text of each row, by kind and type
    """

    lines: Mapping[tuple[RowKind, str], str]

    def row(self, kind: RowKind, name: str) -> TypeRow | None:
        """Returns the row of a type, None if the table does not have it."""
        line = self.lines.get((kind, name))
        return None if line is None else decode_type_row(json.loads(line))

    def __iter__(self) -> Iterator[TypeRow]:
        return (decode_type_row(json.loads(line)) for line in self.lines.values())


def load_type_table() -> TypeTable:
    """Returns the table that ships with the tool."""
    return TypeTable({key: line for path in type_table_paths() for key, line in _keyed_lines(path)})


def type_table_paths() -> list[str]:
    """Returns the paths of the table's files, sorted."""
    names = sorted(name for name in os.listdir(_TYPES) if name.endswith(".jsonl"))  # noqa: PTH208 - as above
    return [os.path.join(_TYPES, name) for name in names]  # noqa: PTH118 - as above


def read_type_rows(path: str) -> Iterator[TypeRow]:
    """Yields the rows of one file, in its order."""
    return (decode_type_row(json.loads(line)) for _, line in _keyed_lines(path))


def decode_type_row(value: Mapping[str, Any]) -> TypeRow:
    """Returns the row of a line's JSON, whose form the tests check."""
    kind: RowKind = "type" if "type" in value else "data"
    return TypeRow(
        kind=kind,
        type=value[kind],
        operations={name: tuple(value.get(name, ())) for name in OPERATIONS},
        arguments={name: tuple(actions) for name, actions in value.get("arguments", {}).items()},
        arn=tuple(value.get("arn", ())),
        service_role=tuple(value.get("service_role", ())),
        tolerated=tuple(value.get("tolerated", ())),
        checked=tuple(value.get("checked", ())),
    )


def _keyed_lines(path: str) -> Iterator[tuple[tuple[RowKind, str], str]]:
    with open(path, encoding="ascii") as file:  # noqa: PTH123 - as above
        for line in file:
            # `{"type": "aws_eip", ...`: the key comes first, so a line can be found without parsing it.
            _, key, _, name, _ = line.split('"', 4)
            yield ("type" if key == "type" else "data", name), line
