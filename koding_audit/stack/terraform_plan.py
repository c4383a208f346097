"""Reads a plan that `terraform show -json` printed: its resources with their known values, modules included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.frozen import dataclass
from koding_audit.stack.script import AssumedRole, ScriptResource, StateUse, UnreadPart
from koding_audit.stack.terraform import ScriptParts, literal_text

UNKNOWN = "${unknown}"
"""A value that the plan does not know yet, or that is sensitive."""

_INDEX = re.compile(r"\[(?:[^\]\"]|\"(?:[^\"\\]|\\.)*\")*\]")


def is_terraform_plan(root: YamlNode) -> bool:
    """Whether a JSON document is a plan or a state of Terraform."""
    return (
        isinstance(root, MappingNode)
        and "format_version" in root.entries
        and _root_module(root, "planned_values", "values") is not None
    )


def add_plan(root: MappingNode, parts: ScriptParts) -> None:
    """Adds the resources of a plan, those that it destroys, replaces or forgets, and what it read while planning."""
    configuration = _PlanConfiguration(root)
    changes = [_PlanChange(each) for each in _mappings_at(root, "resource_changes")]
    gone = {each.address for each in changes if each.is_gone}
    seen: set[str] = set()
    for each in _all_resources(_root_module(root, "planned_values", "values")):
        address = _text_at(each, "address")
        seen.add(address)
        if address not in gone:  # a forgotten resource still is there, without its values
            _add_resource(each, _mapping_at(each, "values"), configuration, parts)
    for each in _all_resources(_root_module(root, "prior_state.values")):
        if _text_at(each, "mode") == "data" and _text_at(each, "address") not in seen:
            _add_resource(each, _mapping_at(each, "values"), configuration, parts)
    for change in changes:
        if change.takes_away:
            _add_resource(change.node, change.before, configuration, parts, change)
    _add_ephemeral(root, parts)
    parts.assumed_roles += configuration.roles.values()


class _PlanChange:
    """A change of a resource in a plan.

    node: its JSON
    address: of the resource, the same for its deposed objects
    before: its sensitive values are marked by `before_sensitive`
    is_deleted: whether an object is destroyed: a deposed one, one that is replaced, or the resource itself
    is_forgotten: whether Terraform only removes it from the state
    is_gone: whether nothing is left of the resource
    """

    def __init__(self, node: MappingNode) -> None:
        change = _mapping_at(node, "change")
        found = change.node("actions")
        actions = {literal_text(each) for each in found.nodes} if isinstance(found, SequenceNode) else set()
        self.node = node
        self.address = _text_at(node, "address")
        self.before = _mapping_at(change, "before")
        self.sensitive = change.node("before_sensitive")
        self.is_deleted = "delete" in actions
        self.is_forgotten = "forget" in actions
        self.is_gone = actions in ({"delete"}, {"forget"}) and "deposed" not in node.entries

    @property
    def takes_away(self) -> bool:
        """Whether an object of the resource is destroyed or forgotten."""
        return self.is_deleted or self.is_forgotten


@dataclass(frozen=True, slots=True)
class _ResourceConfiguration:
    """One resource in the configuration of a plan.

    arguments: the arguments that the configuration gives, None if the plan has no configuration of the resource
    region: the region of its provider, "" if unknown
    default_tags: what the configuration of its provider has of them, None if nothing
    role: the ARN of the role that its provider assumes, "" if it assumes none
    """

    arguments: MappingNode | None
    region: str
    default_tags: YamlNode | None
    role: str


class _PlanConfiguration:
    """The configuration in a plan; only it shows which arguments are given and which are defaults."""

    def __init__(self, root: MappingNode) -> None:
        configuration = root.node("configuration")
        self._regions: dict[str, str] = {}
        self._tags: dict[str, YamlNode] = {}
        self.roles: dict[str, tuple[AssumedRole, ...]] = {}
        self._resources: dict[str, tuple[MappingNode | None, str]] = {}
        if isinstance(configuration, MappingNode):
            self._regions = dict(_provider_regions(configuration, root))
            self._tags = dict(_provider_tags(configuration))
            self.roles = dict(_provider_roles(configuration, root))
            found = _configured_resources(configuration.node("root_module"), "")
            self._resources = {address: (arguments, provider) for address, (arguments, provider, _) in found}

    def configuration_of(self, address: str) -> _ResourceConfiguration:
        """Returns the configuration of a resource by its address, with or without an index."""
        arguments, provider = self._resources.get(_INDEX.sub("", address), (None, "aws"))
        roles = self.roles.get(provider, ())
        role = roles[-1].arn if roles else ""
        return _ResourceConfiguration(arguments, self._regions.get(provider, ""), self._tags.get(provider), role)


def _add_resource(
    each: MappingNode,
    values: MappingNode,
    plan: _PlanConfiguration,
    parts: ScriptParts,
    change: _PlanChange | None = None,
) -> None:
    """Adds a resource with its values. change: that takes an object of it away, None if it is made or kept."""
    address, type_ = _text_at(each, "address"), _text_at(each, "type")
    if type_.startswith("awscc_"):
        parts.unread.append(UnreadPart(address, "the table has no types of the provider awscc", each.location))
    elif type_ == "terraform_remote_state" and literal_text(values.node("backend")) == "s3":
        config = _mapping_at(values, "config")
        parts.states.append(StateUse(address, each.location, config, is_only_read=True))
    elif not type_.startswith("aws_"):
        parts.others[type_] += 1
    else:
        parts.resources.append(_resource(each, values, plan.configuration_of(address), change))


def _resource(
    each: MappingNode, values: MappingNode, configured: _ResourceConfiguration, change: _PlanChange | None
) -> ScriptResource:
    sensitive = each.node("sensitive_values") if change is None else change.sensitive
    body = _known_arguments(values, sensitive, configured.arguments if change is None else None)
    region = body.node("region")
    return ScriptResource(
        "data" if _text_at(each, "mode") == "data" else "type",
        _text_at(each, "type"),
        _text_at(each, "address"),
        each.location,
        body,
        configured.region if region is None else literal_text(region),
        destroyed=change is not None and change.is_deleted,
        forgotten=change is not None and change.is_forgotten,
        default_tags=values.node("tags_all") or configured.default_tags,
        role=configured.role,
    )


def _add_ephemeral(root: MappingNode, parts: ScriptParts) -> None:
    """Adds the ephemeral resources of AWS in the configuration; a plan has no values of them."""
    configuration = root.node("configuration")
    module = configuration.node("root_module") if isinstance(configuration, MappingNode) else None
    for address, (_, _, node) in _configured_resources(module, ""):
        type_ = _text_at(node, "type")
        if _text_at(node, "mode") == "ephemeral" and type_.startswith("aws_"):
            body = MappingNode({}, node.location)
            parts.resources.append(ScriptResource("data", type_, address, node.location, body))


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


def _configured_resources(
    module: YamlNode | None, prefix: str
) -> Iterator[tuple[str, tuple[MappingNode, str, MappingNode]]]:
    """Yields each resource's address without indices, its expressions, its provider's key, and its node.

    Nested modules too.
    """
    if not isinstance(module, MappingNode):
        return
    for each in _mappings_at(module, "resources"):
        expressions = each.node("expressions")
        found = expressions if isinstance(expressions, MappingNode) else MappingNode({}, each.location)
        yield prefix + _text_at(each, "address"), (found, _text_at(each, "provider_config_key"), each)
    calls = module.node("module_calls")
    for name, entry in calls.entries.items() if isinstance(calls, MappingNode) else ():
        if isinstance(entry.node, MappingNode):
            yield from _configured_resources(entry.node.node("module"), f"{prefix}module.{name}.")


def _provider_regions(configuration: MappingNode, root: MappingNode) -> Iterator[tuple[str, str]]:
    """Yields each provider's region: a literal, or the value of a variable of the root module."""
    providers, variables = configuration.node("provider_config"), root.node("variables")
    for key, entry in providers.entries.items() if isinstance(providers, MappingNode) else ():
        region = _node_at(entry.node, "expressions", "region")
        yield key, literal_text(_node_at(region, "constant_value")) or _variable_text(region, variables)


def _provider_tags(configuration: MappingNode) -> Iterator[tuple[str, YamlNode]]:
    """Yields the expression of each provider's `default_tags.tags`."""
    providers = configuration.node("provider_config")
    for key, entry in providers.entries.items() if isinstance(providers, MappingNode) else ():
        blocks = _node_at(entry.node, "expressions", "default_tags")
        for block in blocks.nodes if isinstance(blocks, SequenceNode) else (blocks,):
            tags = _node_at(block, "tags")
            constant = _node_at(tags, "constant_value")
            if tags is not None:
                yield key, tags if constant is None else constant


def _provider_roles(configuration: MappingNode, root: MappingNode) -> Iterator[tuple[str, tuple[AssumedRole, ...]]]:
    """Yields the roles that each provider assumes."""
    providers, variables = configuration.node("provider_config"), root.node("variables")
    for key, entry in providers.entries.items() if isinstance(providers, MappingNode) else ():
        expressions = _node_at(entry.node, "expressions")
        blocks = _node_at(expressions, "assume_role")
        found = blocks.nodes if isinstance(blocks, SequenceNode) else (blocks,)
        roles = [_assumed_role(key, each, variables) for each in found if isinstance(each, MappingNode)]
        if _node_at(expressions, "assume_role_with_web_identity") is not None:
            roles.append(AssumedRole(UNKNOWN, False, False, f"provider.{key}", entry.location))
        if roles:
            yield key, tuple(roles)


def _assumed_role(provider: str, block: MappingNode, variables: YamlNode | None) -> AssumedRole:
    expression = block.node("role_arn")
    arn = literal_text(_node_at(expression, "constant_value")) or _variable_text(expression, variables)
    names = block.entries
    return AssumedRole(
        arn or UNKNOWN, "tags" in names, "source_identity" in names, f"provider.{provider}", block.location
    )


def _variable_text(expression: YamlNode | None, variables: YamlNode | None) -> str:
    references = _node_at(expression, "references")
    if isinstance(references, SequenceNode) and len(references.nodes) == 1:
        name = literal_text(references.nodes[0])
        if name.startswith("var."):
            return literal_text(_node_at(variables, name.removeprefix("var."), "value"))
    return ""


def _root_module(root: MappingNode, *paths: str) -> MappingNode | None:
    """Returns the first root module that is at one of the paths."""
    for path in paths:
        module = _node_at(root, *path.split("."), "root_module")
        if isinstance(module, MappingNode):
            return module
    return None


def _all_resources(module: MappingNode | None) -> Iterator[MappingNode]:
    """Yields the resources of a module and of the modules in it."""
    if module is not None:
        yield from _mappings_at(module, "resources")
        for child in _mappings_at(module, "child_modules"):
            yield from _all_resources(child)


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
