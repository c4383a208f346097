"""Terraform's own structure, as YAML, JSON and HCL give it: resources, data sources, providers and modules by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from koding_audit.desired.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from koding_audit.desired.wording import nearest, shown
from koding_audit.errors import InputError
from koding_audit.frozen import replace
from koding_audit.model import Source
from koding_audit.stack.table import RowKind
from koding_audit.stack.values import Resource, Unread

# What may stand at the top (developer.hashicorp.com/terraform/language).
BLOCKS: Sequence[str] = (
    *("resource", "data", "provider", "variable", "output", "locals", "module", "terraform"),
    *("moved", "import", "removed", "check", "ephemeral", "action", "list", "//"),
)
_TELLING = frozenset({"resource", "module", "provider"})  # of what else has `data` at its top there is too much
_UNREAD: Mapping[str, str] = {
    "check": "what its data sources read is not looked at",
    "ephemeral": "what is opened for the run alone is not in the table",
    "action": "what an action calls is not in the table",
    "list": "what a list block reads is not in the table",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass
class Parts:
    """What the files of one script say, together. Grows as they are read."""

    resources: list[tuple[Resource, str]] = field(default_factory=list)  # each with its provider, "" where that is done
    providers: list[MappingNode] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    unread: list[Unread] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    locals: dict[str, Node] = field(default_factory=dict)


def is_script(root: Node) -> bool:
    """Whether this is a script at all: it builds something, or nothing else stands in it than in one."""
    if not isinstance(root, MappingNode) or not root.entries:
        return False
    keys = set(root.entries)
    return (bool(keys & _TELLING) and not {"apiVersion", "kind"} <= keys) or keys <= set(BLOCKS)


def add(root: MappingNode, parts: Parts) -> None:
    """One file's blocks. Raises InputError for what stands where it cannot."""
    for key, entry in root.entries.items():
        if key in ("resource", "data"):
            kind: RowKind = "type" if key == "resource" else "data"
            for labels, source, body in labelled(entry.node, 2, entry.source):
                _resource(kind, labels, source, body, parts)
        elif key == "provider":
            parts.providers += [body for (name,), _, body in labelled(entry.node, 1, entry.source) if name == "aws"]
        elif key == "module":
            parts.unread += [
                Unread(f"module.{name}", "what is in a module is not read", source)
                for (name,), source, _ in labelled(entry.node, 1, entry.source)
            ]
        elif key == "locals":
            parts.locals.update(
                (name, each.node) for block in _mappings(entry.node) for name, each in block.entries.items()
            )
        elif key == "terraform":
            _settings(entry, parts)
        elif key in _UNREAD:
            parts.unread.append(Unread(key, _UNREAD[key], entry.source))
        elif key not in BLOCKS:
            hint = nearest(key, BLOCKS, "blocks")
            raise InputError(f"a stack script has no block {shown(key)}", hint, entry.source)


def labelled(node: Node, labels: int, source: Source) -> Iterator[tuple[list[str], Source, MappingNode]]:
    """The labels of each block, its place and its body; lists may stand between any two of them, as Terraform has it.

    A block without a body, `web:`, has no arguments.
    """
    if isinstance(node, SequenceNode):
        for each in node.nodes:
            yield from labelled(each, labels, each.source if labels else source)
    elif isinstance(node, MappingNode):
        if not labels:
            yield [], source, node
        for name, entry in node.entries.items() if labels else ():
            if name != "//":  # a comment in Terraform's JSON
                for rest, place, body in labelled(entry.node, labels - 1, entry.source):
                    yield [name, *rest], place, body
    elif node.empty:
        if not labels:
            yield [], source, MappingNode({}, node.source)
    else:
        raise InputError(f"a block is needed here, and not the text {shown(node.value)}", "", node.source)


def finished(parts: Parts) -> tuple[Resource, ...]:
    """The resources, each with the region of its provider."""
    providers = [_Provider(each) for each in parts.providers]
    regions: dict[str, set[str]] = {}
    for each in providers:
        regions.setdefault(each.name, set()).add(each.region)
    sure = {name: "".join(those) if len(those) == 1 else "" for name, those in regions.items()}
    return tuple(_placed(each, sure.get(name, "")) if name else each for each, name in parts.resources)


def assuming(parts: Parts) -> tuple[Unread, ...]:
    """The providers that assume a role: what they build is built by that, and not by who runs them."""
    why = "it assumes a role: ask what that may do with --principal role/NAME"
    return tuple(
        Unread(f"provider.{_Provider(body).name}", why, entry.source)
        for body in parts.providers
        for name, entry in body.entries.items()
        if name in ("assume_role", "assume_role_with_web_identity")
    )


def literal(node: Node | None) -> str:
    """A text that is written out; "" for an interpolation and for whatever is no text."""
    return node.value if isinstance(node, ScalarNode) and "${" not in node.value else ""


class _Provider:
    """A `provider "aws"` block by the name that resources use: `aws`, or `aws.ALIAS`."""

    def __init__(self, body: MappingNode) -> None:
        self.body = body
        alias = literal(body.node("alias"))
        self.name = f"aws.{alias}" if alias else "aws"
        self.region = literal(body.node("region"))


def _placed(resource: Resource, region: str) -> Resource:
    own = resource.body.node("region")
    return replace(resource, region=region if own is None else literal(own))


def _resource(kind: RowKind, labels: list[str], source: Source, body: MappingNode, parts: Parts) -> None:
    type_, name = labels
    for label in labels:
        if not _NAME.fullmatch(label):
            raise InputError(f"{shown(label)} is no name of a type or resource", "", source)
    address = f"{'data.' if kind == 'data' else ''}{type_}.{name}"
    if type_.startswith("awscc_"):
        parts.unread.append(Unread(address, "the types of the provider awscc are not in the table", source))
    elif not type_.startswith("aws_"):
        parts.others[type_] += 1
    elif literal(body.node("count")) == "0":
        parts.notes.append(f"{address} is not created: its count is 0")
    else:
        said = body.node("provider")
        provider = said.value.strip("${}\"' ") if isinstance(said, ScalarNode) else ""
        parts.resources.append((Resource(kind, type_, address, source, body), provider or "aws"))


def _settings(entry: Entry, parts: Parts) -> None:
    for block in _mappings(entry.node):
        backend = block.entries.get("backend")
        if backend is not None:
            for (name,), _, _ in labelled(backend.node, 1, backend.source):
                parts.notes.append(f"backend {name}: what keeping the state needs is not looked at")


def _mappings(node: Node) -> Iterator[MappingNode]:
    """A block, or each of a list of blocks."""
    nodes = node.nodes if isinstance(node, SequenceNode) else (node,)
    yield from (each for each in nodes if isinstance(each, MappingNode))
