"""The table of CloudFormation types and the actions that make them.

cloudformation_types.xz is derived from the handlers of the registry schemas, by rules (tools/cloudformation_rows.py).
cloudformation_types.jsonl is written by hand, one JSON object a line, and replaces what the rules derive for a type.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import Any, Literal

from koding_audit.model.frozen import dataclass, replace
from koding_audit.reference import packed

TemplateRowOrigin = Literal["hand", "rules"]

_HAND = os.path.join(os.path.dirname(__file__), "cloudformation_types.jsonl")  # noqa: PTH118, PTH120 - pathlib costs time


@dataclass(frozen=True, slots=True)
class CloudFormationRow:
    """The actions that CloudFormation calls for one type, in three classes: certain, by property, and perhaps.

    A key of `properties`, `removal` and `maybe` is `Property`, `Property.Inner`, `Property=value` or `!Property` (it is
    not set), several with `&` between them; "" always holds.

    type: for example `AWS::SQS::Queue`
    create: the actions without which the type cannot be made
    delete: the actions that remove it again, also when its creation fails
    properties: the actions that a property adds
    removal: the actions that remove what a property added
    maybe: the actions that a property may add; it is not known whether AWS requires them
    perhaps: by handler the other actions that it lists; they never decide
    arn: templates with `${partition}`, `${region}`, `${account}` and `{Property}` or `{Property=default}`
    arn_if: the templates in their place where a property is set, or has a value
    identifier: the property whose value `Ref` returns, "" if it returns something else
    name: the property with its name, for which CloudFormation makes a name where it is not set; "" if there is none
    longest: the most characters of that name; a generated name that may be longer is cut, and not known
    lower: whether a generated name is in lower case
    passes_to: by property the service that the role is passed to, where it is one only
    unlisted: names in the handlers that AWS's list of actions does not have
    origin: who wrote the row
    checked: the sources of a row that is written by hand
    """

    type: str
    create: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    maybe: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    perhaps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arn: tuple[str, ...] = ()
    arn_if: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    identifier: str = ""
    name: str = ""
    longest: int = 0
    lower: bool = False
    passes_to: Mapping[str, str] = field(default_factory=dict)
    unlisted: tuple[str, ...] = ()
    origin: TemplateRowOrigin = "rules"
    checked: tuple[str, ...] = ()

    def decided_actions(self) -> frozenset[str]:
        """Returns all actions that are not only perhaps needed."""
        by_property = (each for every in (self.properties, self.removal, self.maybe) for each in every.values())
        return frozenset((*self.create, *self.delete, *(action for actions in by_property for action in actions)))


class CloudFormationTypes:
    """The rows by type; each is decoded when it is used."""

    def row(self, type_: str) -> CloudFormationRow | None:
        """Returns the row of a type, None if neither a hand nor the handlers say what it calls."""
        derived, line = self._derived.get(type_), self._hand.get(type_)
        row = None if derived is None else _decode_derived(type_, json.loads(derived))
        return row if line is None else _hand_row(json.loads(line), row)

    def __iter__(self) -> Iterator[str]:
        """Yields every type that has a row."""
        return iter(sorted({*self._derived, *self._hand}))

    @cached_property
    def origin(self) -> packed.DataOrigin:
        """Where the derived rows come from."""
        return self._packed[0]

    @cached_property
    def _packed(self) -> tuple[packed.DataOrigin, list[str]]:
        return packed.read_packed(__file__, "cloudformation_types.xz")

    @cached_property
    def _derived(self) -> Mapping[str, str]:
        return {name: text for name, _, text in (line.partition("\t") for line in self._packed[1])}

    @cached_property
    def _hand(self) -> Mapping[str, str]:
        with open(_HAND, encoding="ascii") as file:  # noqa: PTH123 - as above
            # `{"type": "AWS::EC2::EIP", ...`: the type comes first, so a line can be found without parsing it.
            return {line.split('"', 4)[3]: line for line in file}


def _decode_derived(type_: str, value: Mapping[str, Any]) -> CloudFormationRow:
    identifier = value.get("id", "")
    return CloudFormationRow(
        type=type_,
        create=tuple(value.get("create", ())),
        delete=tuple(value.get("delete", ())),
        properties=_tuples(value.get("properties", {})),
        maybe=_tuples(value.get("maybe", {})),
        perhaps=_tuples(value.get("perhaps", {})),
        arn=tuple(value.get("arn", ())),
        identifier=identifier,
        name=identifier if value.get("named") else "",
        unlisted=tuple(value.get("unlisted", ())),
    )


def _hand_row(value: Mapping[str, Any], derived: CloudFormationRow | None) -> CloudFormationRow:
    """Returns the row of a hand; what else the handlers list is perhaps needed."""
    row = CloudFormationRow(
        type=value["type"],
        create=tuple(value["create"]),
        delete=tuple(value.get("delete", ())),
        properties=_tuples(value.get("properties", {})),
        removal=_tuples(value.get("removal", {})),
        maybe=_tuples(value.get("maybe", {})),
        arn=tuple(value.get("arn", ())),
        arn_if=_tuples(value.get("arn_if", {})),
        name=value.get("name", ""),
        longest=value.get("longest", 0),
        lower=value.get("lower", False),
        passes_to=value.get("passes_to", {}),
        origin="hand",
        checked=tuple(value["checked"]),
    )
    return row if derived is None else _with_handlers(row, derived)


def _with_handlers(row: CloudFormationRow, derived: CloudFormationRow) -> CloudFormationRow:
    """Returns a row of a hand with what the handlers list beside it."""
    decided = row.decided_actions()
    found = {
        handler: tuple(each for each in every if each not in decided) for handler, every in derived.perhaps.items()
    }
    rest = tuple(sorted(derived.decided_actions() - decided - {each for every in found.values() for each in every}))
    found["create"] = (*found.get("create", ()), *rest)
    perhaps = {handler: every for handler, every in found.items() if every}
    return replace(row, perhaps=perhaps, identifier=derived.identifier, unlisted=derived.unlisted)


def _tuples(value: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(each) for key, each in value.items()}
