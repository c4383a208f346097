"""Resources that an argument brings into a call: with a key pair, RunInstances is asked on the key pair too."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import ScalarNode, SequenceNode
from koding_audit.reference.actions import ActionList, ResourceType
from koding_audit.stack.arn_templates import TemplateMatcher, generic_template
from koding_audit.stack.references import ANY, References, nodes_at
from koding_audit.stack.script import ScriptResource
from koding_audit.stack.type_table import TypeRow
from koding_audit.stack.values import is_value_set

_TABLE = os.path.join(os.path.dirname(__file__), "argument_resources.jsonl")  # noqa: PTH118, PTH120 - pathlib costs time


@dataclass(frozen=True, slots=True)
class ArgumentResource:
    """A resource type that an argument names, for one action.

    action: for example `ec2:RunInstances`
    argument: its path, `key_name` or `launch_template.id`
    first: the argument's first part
    template: of any resource of the type, `arn:${partition}:ec2:${region}:${account}:key-pair/*`
    prefix: of an id of the type, `vpc-`, "" if the argument is a name
    certain: whether AWS certainly asks about it; otherwise its reference lists the type as optional
    replaces: the templates of the action that this one is more precise than
    """

    action: str
    argument: str
    first: str
    template: str
    prefix: str
    certain: bool
    replaces: tuple[str, ...]


@dataclass
class ArgumentResources:
    """The resources that arguments bring in, by the table of arguments and AWS's reference; cached for each type.

    The table has for each service the arguments whose value names a resource of a type, as the reference calls it;
    `certain` lists the actions of which AWS's pages say that the resource is asked about when it is given.

    known: AWS's actions and their resource types
    matcher: selects the templates of a row
    """

    known: ActionList
    matcher: TemplateMatcher
    _by_row: dict[str, tuple[ArgumentResource, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._arguments: dict[tuple[str, str], list[Mapping[str, str]]] = {}
        with open(_TABLE, encoding="ascii") as file:  # noqa: PTH123 - as above
            for row in map(json.loads, file):
                self._arguments.setdefault((row["service"], row["resource"]), []).append(row)

    def resources_of(self, resource: ScriptResource, row: TypeRow) -> list[ArgumentResource]:
        """Returns what the arguments that a resource gives may name, for every action of its row."""
        if resource.kind == "data" or resource.destroyed:
            return []
        if row.type not in self._by_row:
            self._by_row[row.type] = tuple(self._find_resources(row))
        entries = resource.body.entries
        return [each for each in self._by_row[row.type] if each.first in entries]

    def _find_resources(self, row: TypeRow) -> Iterator[ArgumentResource]:
        own = (*row.operations["create"], *row.operations["update"])
        for action in dict.fromkeys((*own, *(each for added in row.arguments.values() for each in added))):
            if self.known.is_described(action) and self.known.access_level(action) not in ("List", "Read", "Tagging"):
                templates = [template for template, _ in self.matcher.templates_for(action, row.arn)]
                for type_ in self.known.resource_types(action):
                    yield from self._name_type(action, type_, templates)

    def _name_type(self, action: str, type_: ResourceType, templates: list[str]) -> Iterator[ArgumentResource]:
        """Yields the arguments that name a type, unless a template of the row has the type."""
        own = {generic_template(each) for each in type_.arns}
        if any(self.matcher.has_form(each, type_) for each in templates if each not in own):
            return
        for row in self._arguments.get((action.partition(":")[0], type_.name), ()):
            first, certain = row["argument"].partition(".")[0], type_.required or action in row.get("certain", ())
            for template in own:
                yield ArgumentResource(
                    action, row["argument"], first, template, row.get("prefix", ""), certain, tuple(own)
                )


def named_arns(each: ArgumentResource, resource: ScriptResource, references: References) -> Iterator[tuple[str, bool]]:
    """Yields each ARN that the argument names, with `*` for unknown parts, and whether the argument is surely given.

    Account and region are not filled in.
    """
    for node in nodes_at(resource.body, each.argument):
        for one in node.nodes if isinstance(node, SequenceNode) else (node,):
            is_set = is_value_set(one)
            if isinstance(one, ScalarNode) and is_set is not None:
                yield _arn_of_text(each, references.resolve_text(one.value)), is_set


def _arn_of_text(each: ArgumentResource, text: str) -> str:
    if text.startswith("arn:"):
        return text
    is_name = ":" not in text and "/" not in text and text.startswith(each.prefix)
    return each.template.removesuffix(ANY) + (text if is_name else ANY)
