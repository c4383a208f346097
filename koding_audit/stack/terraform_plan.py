"""A plan as `terraform show -json` prints it: what it will hold, with the values that are known, modules included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.frozen import dataclass
from koding_audit.stack.script import ScriptResource, UnreadPart
from koding_audit.stack.terraform import ScriptParts, literal_text
from koding_audit.stack.type_table import RowKind

UNKNOWN = "${unknown}"
"""Stands for a value that the plan does not know yet, or keeps secret."""

_INDEX = re.compile(r"\[(?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*\]")


def is_terraform_plan(root: YamlNode) -> bool:
    return isinstance(root, MappingNode) and {"format_version"} <= set(root.entries) and bool(_root_module(root))


def add_plan(root: MappingNode, parts: ScriptParts) -> None:
    """The resources of a plan, and those that it takes away."""
    written = _PlanConfiguration(root)
    changes = {_text_at(each, "address"): each for each in _mappings_at(root, "resource_changes")}
    seen: set[str] = set()
    for module in _all_modules(_root_module(root)):
        for each in _mappings_at(module, "resources"):
            seen.add(_text_at(each, "address"))
            _add_resource(each, _mapping_at(each, "values"), written, parts, destroyed=False)
    for address, each in changes.items():
        change = each.node("change")
        if address not in seen and isinstance(change, MappingNode):
            _add_resource(each, _mapping_at(change, "before"), written, parts, destroyed=True)


@dataclass(frozen=True, slots=True)
class _ResourceConfiguration:
    """What the configuration writes of one resource. arguments None: the plan does not have its configuration."""

    arguments: MappingNode | None
    region: str


class _PlanConfiguration:
    """The configuration that a plan was made of: only it tells which arguments are given, and which are defaults."""

    def __init__(self, root: MappingNode) -> None:
        configuration = root.node("configuration")
        self._regions: dict[str, str] = {}
        self._resources: dict[str, tuple[MappingNode | None, str]] = {}
        if isinstance(configuration, MappingNode):
            self._regions = dict(_provider_regions(configuration, root))
            self._resources = dict(_configured_resources(configuration.node("root_module"), ""))

    def configuration_of(self, address: str) -> _ResourceConfiguration:
        arguments, provider = self._resources.get(_INDEX.sub("", address), (None, "aws"))
        return _ResourceConfiguration(arguments, self._regions.get(provider, ""))


def _add_resource(
    each: MappingNode, values: MappingNode, written: _PlanConfiguration, parts: ScriptParts, *, destroyed: bool
) -> None:
    address, type_ = _text_at(each, "address"), _text_at(each, "type")
    kind: RowKind = "data" if _text_at(each, "mode") == "data" else "type"
    if type_.startswith("awscc_"):
        parts.unread.append(UnreadPart(address, "the types of the provider awscc are not in the table", each.location))
    elif not type_.startswith("aws_"):
        parts.others[type_] += 1
    else:
        found = written.configuration_of(address)
        body = _known_arguments(values, each.node("sensitive_values"), found.arguments)
        region = body.node("region")
        own = found.region if region is None else literal_text(region)
        parts.resources.append((ScriptResource(kind, type_, address, each.location, body, own, destroyed), ""))


def _known_arguments(values: MappingNode, secret: YamlNode | None, written: MappingNode | None) -> MappingNode:
    """The arguments that are given, with their values as far as they are known and may be kept."""
    shown = _mask_sensitive(values, secret)
    if written is None or not isinstance(shown, MappingNode):
        return shown if isinstance(shown, MappingNode) else MappingNode({}, values.location)
    entries = {}
    for name, entry in written.entries.items():
        known = shown.entries.get(name)
        missing = MappingEntry(entry.location, ScalarNode(UNKNOWN, False, entry.location))
        entries[name] = missing if known is None and _has_reference(entry.node) else known or _null_entry(entry)
    return MappingNode(entries, values.location)


def _null_entry(entry: MappingEntry) -> MappingEntry:
    return MappingEntry(entry.location, ScalarNode("", True, entry.location))


def _has_reference(node: YamlNode) -> bool:
    """Whether an expression's value comes from elsewhere, and so may be known after the apply only."""
    if isinstance(node, MappingNode):
        return "references" in node.entries or any(_has_reference(each.node) for each in node.entries.values())
    return isinstance(node, SequenceNode) and any(map(_has_reference, node.nodes))


def _mask_sensitive(node: YamlNode, secret: YamlNode | None) -> YamlNode:
    """The value without what is marked as sensitive: a mark is `true` where the value stands, or around it."""
    if isinstance(secret, ScalarNode) and secret.value == "true":
        return ScalarNode(UNKNOWN, False, node.location)
    if isinstance(node, MappingNode) and isinstance(secret, MappingNode):
        entries = {
            name: MappingEntry(entry.location, _mask_sensitive(entry.node, secret.node(name)))
            for name, entry in node.entries.items()
        }
        return MappingNode(entries, node.location)
    if isinstance(node, SequenceNode) and isinstance(secret, SequenceNode):
        marks = (*secret.nodes, *(None for _ in node.nodes[len(secret.nodes) :]))
        return SequenceNode(tuple(map(_mask_sensitive, node.nodes, marks)), node.location)
    return node


def _configured_resources(module: YamlNode | None, prefix: str) -> Iterator[tuple[str, tuple[MappingNode | None, str]]]:
    """By address without indices: the expressions of a resource and its provider's key; modules within modules."""
    if not isinstance(module, MappingNode):
        return
    for each in _mappings_at(module, "resources"):
        expressions = each.node("expressions")
        found = expressions if isinstance(expressions, MappingNode) else MappingNode({}, each.location)
        yield prefix + _text_at(each, "address"), (found, _text_at(each, "provider_config_key"))
    calls = module.node("module_calls")
    for name, entry in calls.entries.items() if isinstance(calls, MappingNode) else ():
        if isinstance(entry.node, MappingNode):
            yield from _configured_resources(entry.node.node("module"), f"{prefix}module.{name}.")


def _provider_regions(configuration: MappingNode, root: MappingNode) -> Iterator[tuple[str, str]]:
    """The region of each provider: written out, or a variable of the root module, of which a plan has the value."""
    providers, variables = configuration.node("provider_config"), root.node("variables")
    for key, entry in providers.entries.items() if isinstance(providers, MappingNode) else ():
        region = _node_at(entry.node, "expressions", "region")
        yield key, literal_text(_node_at(region, "constant_value")) or _variable_region(region, variables)


def _variable_region(region: YamlNode | None, variables: YamlNode | None) -> str:
    references = _node_at(region, "references")
    if isinstance(references, SequenceNode) and len(references.nodes) == 1:
        name = literal_text(references.nodes[0])
        if name.startswith("var."):
            return literal_text(_node_at(variables, name.removeprefix("var."), "value"))
    return ""


def _root_module(root: MappingNode) -> MappingNode | None:
    """The root module of what is planned, or of a state."""
    for name in ("planned_values", "values"):
        module = _node_at(root, name, "root_module")
        if isinstance(module, MappingNode):
            return module
    return None


def _all_modules(module: MappingNode | None) -> Iterator[MappingNode]:
    if module is not None:
        yield module
        for child in _mappings_at(module, "child_modules"):
            yield from _all_modules(child)


def _mapping_at(node: MappingNode, name: str) -> MappingNode:
    found = node.node(name)
    return found if isinstance(found, MappingNode) else MappingNode({}, node.location)


def _node_at(node: YamlNode | None, *names: str) -> YamlNode | None:
    for name in names:
        node = node.node(name) if isinstance(node, MappingNode) else None
    return node


def _mappings_at(node: MappingNode, name: str) -> Iterator[MappingNode]:
    found = node.node(name)
    if isinstance(found, SequenceNode):
        yield from (each for each in found.nodes if isinstance(each, MappingNode))


def _text_at(node: MappingNode, name: str) -> str:
    found: Mapping[str, MappingEntry] = node.entries
    scalar = found[name].node if name in found else None
    return scalar.value if isinstance(scalar, ScalarNode) else ""
