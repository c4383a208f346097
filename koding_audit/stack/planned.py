"""A plan as `terraform show -json` prints it: what it will hold, with the values that are known, modules included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from koding_audit.desired.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from koding_audit.frozen import dataclass
from koding_audit.stack.shape import Parts, literal
from koding_audit.stack.table import RowKind
from koding_audit.stack.values import Resource, Unread

UNKNOWN = "${unknown}"
"""Stands for a value that the plan does not know yet, or keeps secret."""

_INDEX = re.compile(r"\[(?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*\]")


def is_plan(root: Node) -> bool:
    return isinstance(root, MappingNode) and {"format_version"} <= set(root.entries) and bool(_values(root))


def add(root: MappingNode, parts: Parts) -> None:
    """The resources of a plan, and those that it takes away."""
    written = _Written(root)
    changes = {_text(each, "address"): each for each in _items(root, "resource_changes")}
    seen: set[str] = set()
    for module in _modules(_values(root)):
        for each in _items(module, "resources"):
            seen.add(_text(each, "address"))
            _resource(each, _values_of(each, "values"), written, parts, destroyed=False)
    for address, each in changes.items():
        change = each.node("change")
        if address not in seen and isinstance(change, MappingNode):
            _resource(each, _values_of(change, "before"), written, parts, destroyed=True)


@dataclass(frozen=True, slots=True)
class _Configured:
    """What the configuration writes of one resource. arguments None: the plan does not have its configuration."""

    arguments: MappingNode | None
    region: str


class _Written:
    """The configuration that a plan was made of: only it tells which arguments are given, and which are defaults."""

    def __init__(self, root: MappingNode) -> None:
        configuration = root.node("configuration")
        self._regions: dict[str, str] = {}
        self._resources: dict[str, tuple[MappingNode | None, str]] = {}
        if isinstance(configuration, MappingNode):
            self._regions = dict(_provider_regions(configuration, root))
            self._resources = dict(_configured(configuration.node("root_module"), ""))

    def of(self, address: str) -> _Configured:
        arguments, provider = self._resources.get(_INDEX.sub("", address), (None, "aws"))
        return _Configured(arguments, self._regions.get(provider, ""))


def _resource(each: MappingNode, values: MappingNode, written: _Written, parts: Parts, *, destroyed: bool) -> None:
    address, type_ = _text(each, "address"), _text(each, "type")
    kind: RowKind = "data" if _text(each, "mode") == "data" else "type"
    if type_.startswith("awscc_"):
        parts.unread.append(Unread(address, "the types of the provider awscc are not in the table", each.source))
    elif not type_.startswith("aws_"):
        parts.others[type_] += 1
    else:
        found = written.of(address)
        body = _body(values, each.node("sensitive_values"), found.arguments)
        region = body.node("region")
        own = found.region if region is None else literal(region)
        parts.resources.append((Resource(kind, type_, address, each.source, body, own, destroyed), ""))


def _body(values: MappingNode, secret: Node | None, written: MappingNode | None) -> MappingNode:
    """The arguments that are given, with their values as far as they are known and may be kept."""
    shown = _without(values, secret)
    if written is None or not isinstance(shown, MappingNode):
        return shown if isinstance(shown, MappingNode) else MappingNode({}, values.source)
    entries = {}
    for name, entry in written.entries.items():
        known = shown.entries.get(name)
        missing = Entry(entry.source, ScalarNode(UNKNOWN, False, entry.source))
        entries[name] = missing if known is None and _refers(entry.node) else known or _nothing(entry)
    return MappingNode(entries, values.source)


def _nothing(entry: Entry) -> Entry:
    return Entry(entry.source, ScalarNode("", True, entry.source))


def _refers(node: Node) -> bool:
    """Whether an expression's value comes from elsewhere, and so may be known after the apply only."""
    if isinstance(node, MappingNode):
        return "references" in node.entries or any(_refers(each.node) for each in node.entries.values())
    return isinstance(node, SequenceNode) and any(map(_refers, node.nodes))


def _without(node: Node, secret: Node | None) -> Node:
    """The value without what is marked as sensitive: a mark is `true` where the value stands, or around it."""
    if isinstance(secret, ScalarNode) and secret.value == "true":
        return ScalarNode(UNKNOWN, False, node.source)
    if isinstance(node, MappingNode) and isinstance(secret, MappingNode):
        entries = {
            name: Entry(entry.source, _without(entry.node, secret.node(name))) for name, entry in node.entries.items()
        }
        return MappingNode(entries, node.source)
    if isinstance(node, SequenceNode) and isinstance(secret, SequenceNode):
        marks = (*secret.nodes, *(None for _ in node.nodes[len(secret.nodes) :]))
        return SequenceNode(tuple(map(_without, node.nodes, marks)), node.source)
    return node


def _configured(module: Node | None, prefix: str) -> Iterator[tuple[str, tuple[MappingNode | None, str]]]:
    """By address without indices: the expressions of a resource and its provider's key; modules within modules."""
    if not isinstance(module, MappingNode):
        return
    for each in _items(module, "resources"):
        expressions = each.node("expressions")
        found = expressions if isinstance(expressions, MappingNode) else MappingNode({}, each.source)
        yield prefix + _text(each, "address"), (found, _text(each, "provider_config_key"))
    calls = module.node("module_calls")
    for name, entry in calls.entries.items() if isinstance(calls, MappingNode) else ():
        if isinstance(entry.node, MappingNode):
            yield from _configured(entry.node.node("module"), f"{prefix}module.{name}.")


def _provider_regions(configuration: MappingNode, root: MappingNode) -> Iterator[tuple[str, str]]:
    """The region of each provider: written out, or a variable of the root module, of which a plan has the value."""
    providers, variables = configuration.node("provider_config"), root.node("variables")
    for key, entry in providers.entries.items() if isinstance(providers, MappingNode) else ():
        region = _at(entry.node, "expressions", "region")
        yield key, literal(_at(region, "constant_value")) or _of_variable(region, variables)


def _of_variable(region: Node | None, variables: Node | None) -> str:
    references = _at(region, "references")
    if isinstance(references, SequenceNode) and len(references.nodes) == 1:
        name = literal(references.nodes[0])
        if name.startswith("var."):
            return literal(_at(variables, name.removeprefix("var."), "value"))
    return ""


def _values(root: MappingNode) -> MappingNode | None:
    """The root module of what is planned, or of a state."""
    for name in ("planned_values", "values"):
        module = _at(root, name, "root_module")
        if isinstance(module, MappingNode):
            return module
    return None


def _modules(module: MappingNode | None) -> Iterator[MappingNode]:
    if module is not None:
        yield module
        for child in _items(module, "child_modules"):
            yield from _modules(child)


def _values_of(node: MappingNode, name: str) -> MappingNode:
    found = node.node(name)
    return found if isinstance(found, MappingNode) else MappingNode({}, node.source)


def _at(node: Node | None, *names: str) -> Node | None:
    for name in names:
        node = node.node(name) if isinstance(node, MappingNode) else None
    return node


def _items(node: MappingNode, name: str) -> Iterator[MappingNode]:
    found = node.node(name)
    if isinstance(found, SequenceNode):
        yield from (each for each in found.nodes if isinstance(each, MappingNode))


def _text(node: MappingNode, name: str) -> str:
    found: Mapping[str, Entry] = node.entries
    scalar = found[name].node if name in found else None
    return scalar.value if isinstance(scalar, ScalarNode) else ""
