"""Rows for types without one of our own, from AWS's model of what Terraform's provider calls.

The model is the result of a static call graph. It over-approximates what an operation calls, and it lacks what AWS asks
beside the call: iam:PassRole, the use of a KMS key, and tags that are set on creation.
"""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from koding_audit.io.yaml_nodes import MappingNode, SequenceNode, YamlNode
from koding_audit.reference import packed
from koding_audit.reference.actions import ActionList
from koding_audit.stack.type_table import OPERATIONS, RowKind, TypeRow
from koding_audit.stack.values import is_value_set

_LIMITS = os.path.join(os.path.dirname(__file__), "model_limits.jsonl")  # noqa: PTH118, PTH120 - pathlib costs time


@dataclass(frozen=True, slots=True)
class ModelLimit:
    """A kind of arguments whose permissions the model lacks.

    permissions: for example `iam:PassRole`
    arguments: patterns of their names, with `*`, at any depth of blocks
    why: the reason
    """

    permissions: str
    arguments: tuple[str, ...]
    why: str

    def limits(self, argument: str) -> bool:
        """Whether an argument is of this kind."""
        return any(fnmatch.fnmatchcase(argument, each) for each in self.arguments)


def load_model() -> tuple[packed.DataOrigin, Mapping[str, str]]:
    """Returns the origin of the model, and by Terraform type its row as JSON; tools/terraform_model.py has its keys."""
    origin, lines = packed.read_packed(__file__, "terraform_model.xz")
    return origin, {name: text for name, _, text in (line.partition("\t") for line in lines)}


def load_model_limits() -> tuple[ModelLimit, ...]:
    """Returns the kinds of arguments whose permissions the model lacks."""
    with open(_LIMITS, encoding="ascii") as file:  # noqa: PTH123 - as above
        rows = [json.loads(line) for line in file]
    return tuple(ModelLimit(each["permissions"], tuple(each["arguments"]), each["why"]) for each in rows)


@dataclass
class ModelRows:
    """Rows from the model; the data is read when the first type without a row of our own is looked up.

    known: AWS's actions; others in the model are left out
    """

    known: ActionList

    def row(self, kind: RowKind, name: str) -> TypeRow | None:
        """Returns a row, None for a data source and for a type that the model does not have."""
        text = self._texts.get(name) if kind == "type" else None
        if text is None:
            return None
        found = json.loads(text)

        def known(key: str) -> tuple[str, ...]:
            return tuple(action for action in found.get(key, ()) if action in self.known)

        tags = known("tags")
        return TypeRow(
            "type",
            name,
            {each: known(each) for each in OPERATIONS},
            {"tags": tags} if tags else {},
            origin="model",
            may_read=known("list_tags"),
            left_out=found.get("left_out", ""),
        )

    def limits(self, row: TypeRow, body: MappingNode) -> str:
        """Returns why a model's row may lack permissions of a resource with these arguments, "" if it does not.

        No value of an argument is in the text.
        """
        limits: dict[ModelLimit, list[str]] = {}
        for argument in dict.fromkeys(_set_argument_names(body)):
            for limit in self._limits:
                if limit.limits(argument):
                    limits.setdefault(limit, []).append(argument)
        found = [f"{', '.join(names)} may need {limit.permissions}" for limit, names in limits.items()]
        if row.left_out:
            found.append(f"some of its calls have no action ({row.left_out})")
        return f"its row is a model of the provider's calls: {'; '.join(found)}" if found else ""

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        return load_model()[1]

    @cached_property
    def _limits(self) -> tuple[ModelLimit, ...]:
        return load_model_limits()


def _set_argument_names(body: YamlNode) -> Iterator[str]:
    """Yields the names of the arguments that are, or may be, set: of the body and of all blocks in it."""
    if isinstance(body, SequenceNode):
        for each in body.nodes:
            yield from _set_argument_names(each)
    elif isinstance(body, MappingNode):
        for name, entry in body.entries.items():
            if is_value_set(entry.node) is not None:
                yield name
                yield from _set_argument_names(entry.node)
