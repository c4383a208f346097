"""Terraform's own structure, as YAML, JSON and HCL give it: resources, data sources, providers and modules by name."""

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

# What may stand at the top (developer.hashicorp.com/terraform/language).
BLOCKS: Sequence[str] = (
    *("resource", "data", "provider", "variable", "output", "locals", "module", "terraform"),
    *("moved", "import", "removed", "check", "ephemeral", "action", "list", "//"),
)
_SCRIPT_BLOCKS = frozenset({"resource", "module", "provider"})  # of what else has `data` at its top there is too much
_UNREAD_BLOCKS: Mapping[str, str] = {
    "check": "what its data sources read is not looked at",
    "ephemeral": "what is opened for the run alone is not in the table",
    "action": "what an action calls is not in the table",
    "list": "what a list block reads is not in the table",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass
class ScriptParts:
    """What the files of one script say, together. Grows as they are read."""

    resources: list[tuple[ScriptResource, str]] = field(
        default_factory=list
    )  # each with its provider, "" where that is done
    providers: list[MappingNode] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    unread: list[UnreadPart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    locals: dict[str, YamlNode] = field(default_factory=dict)


def is_terraform_script(root: YamlNode) -> bool:
    """Whether this is a script at all: it builds something, or nothing else stands in it than in one."""
    if not isinstance(root, MappingNode) or not root.entries:
        return False
    keys = set(root.entries)
    return (bool(keys & _SCRIPT_BLOCKS) and not {"apiVersion", "kind"} <= keys) or keys <= set(BLOCKS)


def add_blocks(root: MappingNode, parts: ScriptParts) -> None:
    """One file's blocks. Raises InputError for what stands where it cannot."""
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
                UnreadPart(f"module.{name}", "what is in a module is not read", source)
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
            raise InputError(f"a stack script has no block {quote_text(key)}", hint, entry.location)


def labelled_blocks(node: YamlNode, labels: int, source: Location) -> Iterator[tuple[list[str], Location, MappingNode]]:
    """The labels of each block, its place and its body; lists may stand between any two of them, as Terraform has it.

    A block without a body, `web:`, has no arguments.
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
        raise InputError(f"a block is needed here, and not the text {quote_text(node.value)}", "", node.location)


def resources_with_region(parts: ScriptParts) -> tuple[ScriptResource, ...]:
    """The resources, each with the region of its provider."""
    providers = [_ProviderBlock(each) for each in parts.providers]
    regions: dict[str, set[str]] = {}
    for each in providers:
        regions.setdefault(each.name, set()).add(each.region)
    sure = {name: "".join(those) if len(those) == 1 else "" for name, those in regions.items()}
    return tuple(_set_region(each, sure.get(name, "")) if name else each for each, name in parts.resources)


def role_assuming_providers(parts: ScriptParts) -> tuple[UnreadPart, ...]:
    """The providers that assume a role: what they build is built by that, and not by who runs them."""
    why = "it assumes a role: ask what that may do with --principal role/NAME"
    return tuple(
        UnreadPart(f"provider.{_ProviderBlock(body).name}", why, entry.location)
        for body in parts.providers
        for name, entry in body.entries.items()
        if name in ("assume_role", "assume_role_with_web_identity")
    )


def literal_text(node: YamlNode | None) -> str:
    """A text that is written out; "" for an interpolation and for whatever is no text."""
    return node.value if isinstance(node, ScalarNode) and "${" not in node.value else ""


class _ProviderBlock:
    """A `provider "aws"` block by the name that resources use: `aws`, or `aws.ALIAS`."""

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
            raise InputError(f"{quote_text(label)} is no name of a type or resource", "", source)
    address = f"{'data.' if kind == 'data' else ''}{type_}.{name}"
    if type_.startswith("awscc_"):
        parts.unread.append(UnreadPart(address, "the types of the provider awscc are not in the table", source))
    elif not type_.startswith("aws_"):
        parts.others[type_] += 1
    elif literal_text(body.node("count")) == "0":
        parts.notes.append(f"{address} is not created: its count is 0")
    else:
        said = body.node("provider")
        provider = said.value.strip("${}\"' ") if isinstance(said, ScalarNode) else ""
        parts.resources.append((ScriptResource(kind, type_, address, source, body), provider or "aws"))


def _note_backends(entry: MappingEntry, parts: ScriptParts) -> None:
    for block in _block_mappings(entry.node):
        backend = block.entries.get("backend")
        if backend is not None:
            for (name,), _, _ in labelled_blocks(backend.node, 1, backend.location):
                parts.notes.append(f"backend {name}: what keeping the state needs is not looked at")


def _block_mappings(node: YamlNode) -> Iterator[MappingNode]:
    """A block, or each of a list of blocks."""
    nodes = node.nodes if isinstance(node, SequenceNode) else (node,)
    yield from (each for each in nodes if isinstance(each, MappingNode))
