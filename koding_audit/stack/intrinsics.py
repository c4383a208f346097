"""Evaluates CloudFormation's intrinsic functions over nodes; a value that cannot be known stays open, as `${...}`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.location import Location
from koding_audit.stack.open_text import escape_literal, has_open_part, join_texts, open_text, unescape_literal
from koding_audit.stack.resource_names import ResourceForms, fill_form, load_resource_forms
from koding_audit.stack.script import UnreadPart
from koding_audit.stack.template import OPEN_IF, DynamicReference, open_choice
from koding_audit.stack.template_values import (
    function_arguments,
    is_same_text,
    is_same_value,
    open_node,
    python_value,
    subnets,
    text_list,
)

NO_VALUE = "AWS::NoValue"
MOST_PRODUCED = 1 << 26
"""The most characters and items that the functions of a template may make; beyond that, values are open."""

_HOLE = re.compile(r"\$\{(!?)([^${}]*)\}")
# docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
_DYNAMIC = re.compile(r"\{\{resolve:(ssm-secure|ssm|secretsmanager):((?:[^{}]|\$\{[^{}]*\})*)\}\}")
_SECRET_PART = re.compile(r":SecretString\b.*$")
_VERSION = re.compile(r":\d+$")


def _unknown_condition(_: str) -> None:
    return None


def _unknown_output(_: str, __: str) -> None:
    return None


@dataclass
class Evaluator:
    """Evaluates the values of one template.

    parameters: the value of each parameter, None if it is open
    mappings: the section `Mappings`
    resources: the section `Resources`
    pseudo: the pseudo parameters that are known, `AWS::Region` for example
    condition: whether a condition of the template holds, None if it is open
    nested_output: an output of a nested stack by the stack's logical id, None if it is not known
    forms: what `Ref` and `Fn::GetAtt` return, by type
    prefix: of logical ids, `Child.` in a nested stack
    dynamic: the dynamic references that were met
    unknown: functions that are not CloudFormation's, or that only a macro's code can evaluate
    """

    parameters: Mapping[str, YamlNode | None]
    mappings: MappingNode
    resources: MappingNode
    pseudo: Mapping[str, str]
    condition: Callable[[str], bool | None] = _unknown_condition
    nested_output: Callable[[str, str], YamlNode | None] = _unknown_output
    forms: Mapping[str, ResourceForms] = field(default_factory=load_resource_forms)
    prefix: str = ""
    dynamic: dict[tuple[str, str], DynamicReference] = field(default_factory=dict, init=False)
    unknown: dict[Location, UnreadPart] = field(default_factory=dict, init=False)
    _texts: dict[tuple[str, str], str] = field(default_factory=dict, init=False)
    _map_values: dict[int, YamlNode | None] = field(default_factory=dict, init=False)
    _produced: int = field(default=0, init=False)

    def value(self, node: YamlNode) -> YamlNode | None:
        """Returns a node with its functions evaluated, None for AWS::NoValue; the node itself if it has none."""
        kind = type(node)
        if kind is ScalarNode:
            return self._literal(node) if "{" in node.value else node  # type: ignore[arg-type, union-attr]
        if kind is SequenceNode:
            values = [self.value(each) for each in node.nodes]  # type: ignore[union-attr]
            if all(map(is_, values, node.nodes)):  # type: ignore[union-attr]
                return node
            return SequenceNode(tuple(each for each in values if each is not None), node.location)
        return self._mapping_value(node)  # type: ignore[arg-type]

    def _mapping_value(self, node: MappingNode) -> YamlNode | None:
        if len(node.entries) == 1:
            ((name, entry),) = node.entries.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, entry)
        entries = {}
        for name, entry in node.entries.items():
            if name == "Fn::Transform":
                self._call(name, entry)
                continue
            value = self.value(entry.node)
            if value is entry.node:
                entries[name] = entry
            elif value is not None:
                entries[name] = MappingEntry(entry.location, value)
        is_same = len(entries) == len(node.entries) and all(map(is_, entries.values(), node.entries.values()))
        return node if is_same else MappingNode(entries, node.location)

    def text(self, node: YamlNode | None) -> str | None:
        """Returns the text of a value, with `${...}` for its open parts; None if it is not a text."""
        found = self.value(node) if node is not None else None
        return found.value if isinstance(found, ScalarNode) else None

    def literal(self, node: YamlNode | None) -> str | None:
        """Returns the text of a value that is known completely, else None."""
        return known_text(self.value(node)) if node is not None else None

    def nodes(self, node: YamlNode | None) -> tuple[YamlNode, ...] | None:
        """Returns the items of a list that is known, also where some of its items are open; else None."""
        found = self.value(node) if node is not None else None
        if not isinstance(found, SequenceNode) or any(map(_is_open_if, found.nodes)):
            return None
        self._produced += len(found.nodes)
        return found.nodes if self._produced <= MOST_PRODUCED else None

    def ref(self, name: str, location: Location) -> YamlNode | None:
        """Returns the value of `Ref`: of a parameter, a pseudo parameter or a resource."""
        if name == NO_VALUE:
            return None
        if name in self.pseudo:
            return ScalarNode(escape_literal(self.pseudo[name]), False, location)
        if name in self.parameters:
            return self.parameters[name] or open_node(f"{self.prefix}{name}", location)
        if name.startswith("AWS::"):
            return open_node(name, location)
        return ScalarNode(self._resource_text(name, ""), False, location)

    def attribute(self, name: str, attribute: str, location: Location) -> YamlNode:
        """Returns the value of `Fn::GetAtt`."""
        if attribute.startswith("Outputs."):
            found = self.nested_output(name, attribute.removeprefix("Outputs."))
            if found is not None:
                return found
        return ScalarNode(self._resource_text(name, attribute), False, location)

    def _resource_text(self, name: str, attribute: str) -> str:
        """Returns the name or an attribute of a resource if its properties say it, else an open text."""
        key = name, attribute
        if key not in self._texts:
            unknown = open_text(f"{self.prefix}{name}.{attribute}" if attribute else f"{self.prefix}{name}")
            self._texts[key] = unknown  # also for a resource that refers to itself by a way round
            known = self._form_text(name, attribute)
            self._texts[key] = unknown if known is None else known
        return self._texts[key]

    def _form_text(self, name: str, attribute: str) -> str | None:
        resource = self.resources.node(name)
        type_ = resource.node("Type") if isinstance(resource, MappingNode) else None
        forms = self.forms.get(type_.value) if isinstance(type_, ScalarNode) else None
        form = (forms.attributes.get(attribute, "") if attribute else forms.ref) if forms else ""
        if not form or not isinstance(resource, MappingNode):
            return None
        properties = resource.node("Properties")
        body = properties if isinstance(properties, MappingNode) else MappingNode({}, resource.location)
        return fill_form(form, lambda key: self.text(body.node(key)), self.pseudo)

    def _literal(self, node: ScalarNode) -> ScalarNode:
        return self._resolved(escape_literal(node.value), node.location, is_plain=node.is_plain)

    def _resolved(self, text: str, location: Location, *, is_plain: bool = False) -> ScalarNode:
        """Returns a text whose dynamic references are open, and keeps those references."""
        self._produced += len(text)
        if self._produced > MOST_PRODUCED:
            return open_node("unknown", location)
        if "{{resolve:" in text:
            for service, name in _DYNAMIC.findall(text):
                known = _dynamic_name(service, name)
                self.dynamic.setdefault((service, known), DynamicReference(service, known, location))
            text = _DYNAMIC.sub(lambda found: open_text(f"resolve:{found[1]}"), text)
        return ScalarNode(text, is_plain, location)

    def _call(self, name: str, entry: MappingEntry) -> YamlNode | None:
        function = _FUNCTIONS.get(name)
        if name in _ALWAYS_OPEN:
            return open_node(name, entry.location)
        if function is None:
            why = "AWS has no such intrinsic function"
            self.unknown.setdefault(entry.location, UnreadPart(name, why, entry.location))
            return open_node(name, entry.location)
        return function(self, entry.node, entry.location)

    def call_ref(self, node: YamlNode, location: Location) -> YamlNode | None:
        name = self.literal(node)
        return open_node("Ref", location) if name is None else self.ref(name, location)

    def call_get_att(self, node: YamlNode, location: Location) -> YamlNode:
        texts = [self.literal(each) for each in (node.nodes if isinstance(node, SequenceNode) else (node,))]
        if not texts or texts[0] is None:
            return open_node("Fn::GetAtt", location)
        known = ".".join(each or "*" for each in texts)
        name, _, attribute = known.partition(".")
        return self.attribute(name, attribute, location)

    def call_sub(self, node: YamlNode, location: Location) -> YamlNode:
        parts = node.nodes if isinstance(node, SequenceNode) else (node,)
        template = parts[0] if parts else None
        values = parts[1] if len(parts) > 1 else None
        if not isinstance(template, ScalarNode):
            return open_node("Fn::Sub", location)
        text, at, found = template.value, 0, []
        for hole in _HOLE.finditer(text):
            found.append(escape_literal(text[at : hole.start()]))
            found.append(escape_literal(f"${{{hole[2]}}}") if hole[1] else self._hole_text(hole[2].strip(), values))
            at = hole.end()
        return self._resolved(join_texts([*found, escape_literal(text[at:])]), location)

    def _hole_text(self, name: str, values: YamlNode | None) -> str:
        own = values.node(name) if isinstance(values, MappingNode) else None
        place = Location("", 1, 1)
        found: YamlNode | None
        if own is not None:
            found = self.value(own)
        elif "." in name:
            logical_id, _, attribute = name.partition(".")
            found = self.attribute(logical_id, attribute, place)
        else:
            found = self.ref(name, place)
        return found.value if isinstance(found, ScalarNode) else open_text(name)

    def call_join(self, node: YamlNode, location: Location) -> YamlNode:
        delimiter, items = function_arguments(node, 2)
        between, found = self.literal(delimiter), self.nodes(items)
        texts = [each.value for each in found or () if isinstance(each, ScalarNode)]
        if between is None or found is None or len(texts) < len(found):
            return open_node("Fn::Join", location)
        pieces = [piece for each in texts for piece in (escape_literal(between), each)]
        return self._resolved(join_texts(pieces[1:]), location)

    def call_select(self, node: YamlNode, location: Location) -> YamlNode:
        index, items = function_arguments(node, 2)
        number, found = self.literal(index), self.nodes(items)
        if number is not None and found is not None and number.isdecimal() and int(number) < len(found):
            return found[int(number)]
        return open_node("Fn::Select", location)

    def call_split(self, node: YamlNode, location: Location) -> YamlNode:
        delimiter, source = function_arguments(node, 2)
        between, text = self.literal(delimiter), self.literal(source)
        if not between or text is None:
            return open_node("Fn::Split", location)
        return text_list(text.split(between), location)

    def call_find_in_map(self, node: YamlNode, location: Location) -> YamlNode | None:
        """Evaluates `Fn::FindInMap` with the `DefaultValue` of AWS::LanguageExtensions."""
        name, *keys, options = function_arguments(node, 4)
        known = [self.literal(each) for each in keys]
        default = options.node("DefaultValue") if isinstance(options, MappingNode) else None
        found = self._map_candidates(self.literal(name), known)
        values = [self._map_value(each) for each in found]
        if None not in known and (values or default is not None):
            return values[0] if values else self.value(default or node)
        # With an open key the value is known if it is the same for all keys: AWS refuses a key that is not there.
        if values and default is None and all(is_same_value(each, values[0]) for each in values):
            return values[0]
        return open_node("Fn::FindInMap", location)

    def _map_candidates(self, name: str | None, keys: Sequence[str | None]) -> list[YamlNode]:
        """Returns the values of a mapping under two keys; all values where a key is open."""
        section = self.mappings.node(name) if name is not None else None
        found = [section] if section is not None else []
        for key in keys:
            entries = [each.entries for each in found if isinstance(each, MappingNode)]
            if key is None:
                found = [each.node for every in entries for each in every.values()]
            else:
                found = [every[key].node for every in entries if key in every]
            self._produced += len(found)
        return found if self._produced <= MOST_PRODUCED else []

    def _map_value(self, node: YamlNode) -> YamlNode | None:
        """Returns a value of `Mappings`, evaluated once: many functions may need the same one."""
        if id(node) not in self._map_values:
            self._map_values[id(node)] = self.value(node)
        return self._map_values[id(node)]

    def call_base64(self, node: YamlNode, location: Location) -> YamlNode:
        text = self.literal(node)
        known = None if text is None else base64.b64encode(text.encode()).decode()
        return open_node("Fn::Base64", location) if known is None else ScalarNode(known, False, location)

    def call_cidr(self, node: YamlNode, location: Location) -> YamlNode:
        block, count, bits = (self.literal(each) for each in function_arguments(node, 3))
        found = subnets(block, count, bits or "") if block and count else []
        return text_list(found, location) if found else open_node("Fn::Cidr", location)

    def call_if(self, node: YamlNode, location: Location) -> YamlNode | None:
        """Evaluates `Fn::If`; under an open condition it keeps the values of both branches as OPEN_IF."""
        name, *branches = function_arguments(node, 3)
        known = self.literal(name)
        holds = None if known is None else self.condition(known)
        if holds is not None:
            chosen = branches[0 if holds else 1]
            return self.value(chosen) if chosen is not None else None
        values = [self.value(each) for each in branches if each is not None]
        values_left = tuple(each for each in values if each is not None)
        if len(values_left) == 2 and is_same_text(*values_left):
            return values_left[0]
        entry = MappingEntry(location, SequenceNode(values_left, location))
        return MappingNode({OPEN_IF: entry}, location) if values_left else None

    def call_length(self, node: YamlNode, location: Location) -> YamlNode:
        found = self.nodes(node)
        return open_node("Fn::Length", location) if found is None else ScalarNode(str(len(found)), True, location)

    def call_to_json_string(self, node: YamlNode, location: Location) -> YamlNode:
        found = self.value(node)
        plain = python_value(found) if found is not None else None
        text = json.dumps(plain, separators=(",", ":"))
        known = not has_open_part(text) and f'"{OPEN_IF}"' not in text
        return ScalarNode(text, False, location) if known else open_node("Fn::ToJsonString", location)

    def call_transform(self, node: YamlNode, location: Location) -> YamlNode:
        name = self.literal(node.node("Name")) if isinstance(node, MappingNode) else None
        why = "the result of a macro is not known"
        self.unknown.setdefault(location, UnreadPart(f"macro {name or '(open)'}", why, location))
        return open_node("Fn::Transform", location)


def known_text(node: YamlNode | None) -> str | None:
    """Returns the text of an evaluated value, None if it is not a text or has an open part."""
    if not isinstance(node, ScalarNode) or has_open_part(node.value):
        return None
    return unescape_literal(node.value)


def _dynamic_name(service: str, name: str) -> str:
    """Returns the name in a dynamic reference, without the version and without the part of a secret."""
    return _SECRET_PART.sub("", name) if service == "secretsmanager" else _VERSION.sub("", name)


def _is_open_if(node: YamlNode) -> bool:
    return open_choice(node) is not None


# docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html, 2026-12-01
_FUNCTIONS: Mapping[str, Callable[[Evaluator, YamlNode, Location], YamlNode | None]] = {
    "Ref": Evaluator.call_ref,
    "Fn::GetAtt": Evaluator.call_get_att,
    "Fn::Sub": Evaluator.call_sub,
    "Fn::Join": Evaluator.call_join,
    "Fn::Select": Evaluator.call_select,
    "Fn::Split": Evaluator.call_split,
    "Fn::FindInMap": Evaluator.call_find_in_map,
    "Fn::Base64": Evaluator.call_base64,
    "Fn::Cidr": Evaluator.call_cidr,
    "Fn::If": Evaluator.call_if,
    "Fn::Length": Evaluator.call_length,
    "Fn::ToJsonString": Evaluator.call_to_json_string,
    "Fn::Transform": Evaluator.call_transform,
}
# Functions whose value only AWS knows.
_ALWAYS_OPEN = frozenset(
    {"Fn::GetAZs", "Fn::ImportValue", "Fn::GetStackOutput", "Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll"}
)
