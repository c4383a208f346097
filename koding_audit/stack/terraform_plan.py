"""Reads a plan that `terraform show -json` printed: its resources with their known values, modules included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.frozen import dataclass
from koding_audit.stack.script import ScriptResource, UnreadPart
from koding_audit.stack.terraform import ScriptParts, literal_text
from koding_audit.stack.type_table import RowKind

UNKNOWN = "${unknown}"
"""A value that the plan does not know yet, or that is sensitive."""

_INDEX = re.compile(r"\[(?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*\]")


def is_terraform_plan(root: YamlNode) -> bool:
    """Whether a JSON document is a plan or a state of Terraform."""
    return isinstance(root, MappingNode) and {"format_version"} <= set(root.entries) and bool(_root_module(root))


def add_plan(root: MappingNode, parts: ScriptParts) -> None:
    """Adds the resources of a plan, and those that it destroys."""
    configuration = _PlanConfiguration(root)
    changes = {_text_at(each, "address"): each for each in _mappings_at(root, "resource_changes")}
    seen: set[str] = set()
    for module in _all_modules(_root_module(root)):
        for each in _mappings_at(module, "resources"):
            seen.add(_text_at(each, "address"))
            _add_resource(each, _mapping_at(each, "values"), configuration, parts, destroyed=False)
    for address, each in changes.items():
        change = each.node("change")
        if address not in seen and isinstance(change, MappingNode):
            _add_resource(each, _mapping_at(change, "before"), configuration, parts, destroyed=True)


@dataclass(frozen=True, slots=True)
class _ResourceConfiguration:
    """One resource in the configuration of a plan.

    arguments: the arguments that the configuration gives, None if the plan has no configuration of the resource
    region: the region of its provider, "" if unknown
    """

    arguments: MappingNode | None
    region: str


class _PlanConfiguration:
    """The configuration in a plan; only it shows which arguments are given and which are defaults."""

    def __init__(self, root: MappingNode) -> None:
        configuration = root.node("configuration")
        self._regions: dict[str, str] = {}
        self._resources: dict[str, tuple[MappingNode | None, str]] = {}
        if isinstance(configuration, MappingNode):
            self._regions = dict(_provider_regions(configuration, root))
            self._resources = dict(_configured_resources(configuration.node("root_module"), ""))

    def configuration_of(self, address: str) -> _ResourceConfiguration:
        """Returns the configuration of a resource by its address, with or without an index."""
        arguments, provider = self._resources.get(_INDEX.sub("", address), (None, "aws"))
        return _ResourceConfiguration(arguments, self._regions.get(provider, ""))


def _add_resource(
    each: MappingNode, values: MappingNode, plan: _PlanConfiguration, parts: ScriptParts, *, destroyed: bool
) -> None:
    address, type_ = _text_at(each, "address"), _text_at(each, "type")
    kind: RowKind = "data" if _text_at(each, "mode") == "data" else "type"
    if type_.startswith("awscc_"):
        parts.unread.append(UnreadPart(address, "the table has no types of the provider awscc", each.location))
    elif not type_.startswith("aws_"):
        parts.others[type_] += 1
    else:
        configured = plan.configuration_of(address)
        body = _known_arguments(values, each.node("sensitive_values"), configured.arguments)
        region = body.node("region")
        own = configured.region if region is None else literal_text(region)
        parts.resources.append((ScriptResource(kind, type_, address, each.location, body, own, destroyed), ""))


def _known_arguments(values: MappingNode, sensitive: YamlNode | None, arguments: MappingNode | None) -> MappingNode:
    """Returns the given arguments with their values; a value that is unknown or sensitive is UNKNOWN."""
    masked = _mask_sensitive(values, sensitive)
    if arguments is None or not isinstance(masked, MappingNode):
        return masked if isinstance(masked, MappingNode) else MappingNode({}, values.location)
    entries = {}
    for name, entry in arguments.entries.items():
        known = masked.entries.get(name)
        missing = MappingEntry(entry.location, ScalarNode(UNKNOWN, False, entry.location))
        entries[name] = missing if known is None and _has_reference(entry.node) else known or _null_entry(entry)
    return MappingNode(entries, values.location)


def _null_entry(entry: MappingEntry) -> MappingEntry:
    return MappingEntry(entry.location, ScalarNode("", True, entry.location))


def _has_reference(node: YamlNode) -> bool:
    """Whether an expression refers to other values, so that its own may be known only after the apply."""
    if isinstance(node, MappingNode):
        return "references" in node.entries or any(_has_reference(each.node) for each in node.entries.values())
    return isinstance(node, SequenceNode) and any(map(_has_reference, node.nodes))


def _mask_sensitive(node: YamlNode, marks: YamlNode | None) -> YamlNode:
    """Returns a value with UNKNOWN for its sensitive parts; `true` in `marks` marks a part or what contains it."""
    if isinstance(marks, ScalarNode) and marks.value == "true":
        return ScalarNode(UNKNOWN, False, node.location)
    if isinstance(node, MappingNode) and isinstance(marks, MappingNode):
        entries = {
            name: MappingEntry(entry.location, _mask_sensitive(entry.node, marks.node(name)))
            for name, entry in node.entries.items()
        }
        return MappingNode(entries, node.location)
    if isinstance(node, SequenceNode) and isinstance(marks, SequenceNode):
        padded = (*marks.nodes, *(None for _ in node.nodes[len(marks.nodes) :]))
        return SequenceNode(tuple(map(_mask_sensitive, node.nodes, padded)), node.location)
    return node


def _configured_resources(module: YamlNode | None, prefix: str) -> Iterator[tuple[str, tuple[MappingNode | None, str]]]:
    """Yields each resource's address without indices, its expressions and its provider's key, nested modules too."""
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
    """Yields each provider's region: a literal, or the value of a variable of the root module."""
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
    """Returns the root module of the planned values, or of a state."""
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
