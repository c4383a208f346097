"""Reads the blocks of a Terraform script from its tree: resources, data sources, providers, modules, locals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from koding_audit.desired.messages import nearest_hint
from koding_audit.io.text import quote_text
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location
from koding_audit.stack.script import ScriptResource, UnreadPart
from koding_audit.stack.type_table import RowKind

# The block types at the top level (developer.hashicorp.com/terraform/language).
BLOCKS: Sequence[str] = (
    *("resource", "data", "provider", "variable", "output", "locals", "module", "terraform"),
    *("moved", "import", "removed", "check", "ephemeral", "action", "list", "//"),
)
_SCRIPT_BLOCKS = frozenset({"resource", "module", "provider"})  # without `data`: many other formats have that key
_UNREAD_BLOCKS: Mapping[str, str] = {
    "check": "the data sources in a check block are not read",
    "ephemeral": "the table has no ephemeral resources",
    "action": "the table has no actions",
    "list": "the table has no list blocks",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass
class ScriptParts:
    """The parts of a script; each file that is read adds its own.

    resources: each with the name of its provider, "" if its region is known already
    providers: the bodies of `provider "aws"` blocks
    others: how many resources each type of another provider has
    unread: parts whose needs are not known
    notes: what was ignored, for people
    locals: the values of `locals` blocks by name
    """

    resources: list[tuple[ScriptResource, str]] = field(default_factory=list)
    providers: list[MappingNode] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    unread: list[UnreadPart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    locals: dict[str, YamlNode] = field(default_factory=dict)


def is_terraform_script(root: YamlNode) -> bool:
    """Whether a document is a Terraform script: it has a resource, module or provider, or only Terraform's blocks."""
    if not isinstance(root, MappingNode) or not root.entries:
        return False
    keys = set(root.entries)
    return (bool(keys & _SCRIPT_BLOCKS) and not {"apiVersion", "kind"} <= keys) or keys <= set(BLOCKS)


def add_blocks(root: MappingNode, parts: ScriptParts) -> None:
    """Adds the blocks of one file. Raises InputError for an unknown or malformed block."""
    for key, entry in root.entries.items():
        if key in ("resource", "data"):
            kind: RowKind = "type" if key == "resource" else "data"
            for labels, source, body in labelled_blocks(entry.node, 2, entry.location):
                _add_resource(kind, labels, source, body, parts)
        elif key == "provider":
            parts.providers += [
                body for (name,), _, body in labelled_blocks(entry.node, 1, entry.location) if name == "aws"
            ]
        elif key == "module":
            parts.unread += [
                UnreadPart(f"module.{name}", "the contents of a module are not read", source)
                for (name,), source, _ in labelled_blocks(entry.node, 1, entry.location)
            ]
        elif key == "locals":
            parts.locals.update(
                (name, each.node) for block in _block_mappings(entry.node) for name, each in block.entries.items()
            )
        elif key == "terraform":
            _note_backends(entry, parts)
        elif key in _UNREAD_BLOCKS:
            parts.unread.append(UnreadPart(key, _UNREAD_BLOCKS[key], entry.location))
        elif key not in BLOCKS:
            hint = nearest_hint(key, BLOCKS, "blocks")
            raise InputError(f"unknown block {quote_text(key)} in a stack script", hint, entry.location)


def labelled_blocks(node: YamlNode, labels: int, source: Location) -> Iterator[tuple[list[str], Location, MappingNode]]:
    """Yields the labels of each block, its location and its body. Raises InputError where a block is expected.

    Like Terraform, it accepts a list at each level. A block without a body, such as `web:`, has no arguments.
    """
    if isinstance(node, SequenceNode):
        for each in node.nodes:
            yield from labelled_blocks(each, labels, each.location if labels else source)
    elif isinstance(node, MappingNode):
        if not labels:
            yield [], source, node
        for name, entry in node.entries.items() if labels else ():
            if name != "//":  # a comment in Terraform's JSON
                for rest, place, body in labelled_blocks(entry.node, labels - 1, entry.location):
                    yield [name, *rest], place, body
    elif node.is_empty:
        if not labels:
            yield [], source, MappingNode({}, node.location)
    else:
        raise InputError(f"expected a block, found the text {quote_text(node.value)}", "", node.location)


def resources_with_region(parts: ScriptParts) -> tuple[ScriptResource, ...]:
    """Returns the resources, each with the region of its provider, "" if unknown."""
    providers = [_ProviderBlock(each) for each in parts.providers]
    regions: dict[str, set[str]] = {}
    for each in providers:
        regions.setdefault(each.name, set()).add(each.region)
    unique = {name: "".join(values) if len(values) == 1 else "" for name, values in regions.items()}
    return tuple(_set_region(each, unique.get(name, "")) if name else each for each, name in parts.resources)


def role_assuming_providers(parts: ScriptParts) -> tuple[UnreadPart, ...]:
    """Returns the providers that assume a role; that role, and not the caller, then builds the resources."""
    why = "it assumes a role: check that role with --principal role/NAME"
    return tuple(
        UnreadPart(f"provider.{_ProviderBlock(body).name}", why, entry.location)
        for body in parts.providers
        for name, entry in body.entries.items()
        if name in ("assume_role", "assume_role_with_web_identity")
    )


def literal_text(node: YamlNode | None) -> str:
    """A text that is written out; "" for an interpolation and for a value that is not a text."""
    return node.value if isinstance(node, ScalarNode) and "${" not in node.value else ""


class _ProviderBlock:
    """A `provider "aws"` block.

    name: as resources refer to it: `aws` or `aws.ALIAS`
    region: "" if the block does not give it as a literal
    """

    def __init__(self, body: MappingNode) -> None:
        self.body = body
        alias = literal_text(body.node("alias"))
        self.name = f"aws.{alias}" if alias else "aws"
        self.region = literal_text(body.node("region"))


def _set_region(resource: ScriptResource, region: str) -> ScriptResource:
    own = resource.body.node("region")
    return replace(resource, region=region if own is None else literal_text(own))


def _add_resource(kind: RowKind, labels: list[str], source: Location, body: MappingNode, parts: ScriptParts) -> None:
    type_, name = labels
    for label in labels:
        if not _NAME.fullmatch(label):
            raise InputError(f"{quote_text(label)} is not a valid name of a type or resource", "", source)
    address = f"{'data.' if kind == 'data' else ''}{type_}.{name}"
    if type_.startswith("awscc_"):
        parts.unread.append(UnreadPart(address, "the table has no types of the provider awscc", source))
    elif not type_.startswith("aws_"):
        parts.others[type_] += 1
    elif literal_text(body.node("count")) == "0":
        parts.notes.append(f"{address} is not created: its count is 0")
    else:
        argument = body.node("provider")
        provider = argument.value.strip("${}\"' ") if isinstance(argument, ScalarNode) else ""
        parts.resources.append((ScriptResource(kind, type_, address, source, body), provider or "aws"))


def _note_backends(entry: MappingEntry, parts: ScriptParts) -> None:
    for block in _block_mappings(entry.node):
        backend = block.entries.get("backend")
        if backend is not None:
            for (name,), _, _ in labelled_blocks(backend.node, 1, backend.location):
                parts.notes.append(f"backend {name}: the permissions to store the state are not checked")


def _block_mappings(node: YamlNode) -> Iterator[MappingNode]:
    """Yields a block, or each block of a list."""
    nodes = node.nodes if isinstance(node, SequenceNode) else (node,)
    yield from (each for each in nodes if isinstance(each, MappingNode))
