"""Reads the blocks of a Terraform script from its tree: resources, data sources, providers, modules, locals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass as collected
from dataclasses import field

from koding_audit.desired.messages import nearest_hint
from koding_audit.io.text import quote_text
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.location import Location, SourceFile
from koding_audit.stack.script import AssumedRole, ScriptResource, StateUse, UnreadPart

# The block types at the top level (developer.hashicorp.com/terraform/language).
BLOCKS: Sequence[str] = (
    *("resource", "data", "provider", "variable", "output", "locals", "module", "terraform"),
    *("moved", "import", "removed", "check", "ephemeral", "action", "list", "//"),
)
_SCRIPT_BLOCKS = frozenset({"resource", "module", "provider"})  # without `data`: many other formats have that key
_UNREAD_BLOCKS: Mapping[str, str] = {
    "action": "the table has no actions",
    "list": "the table has no list blocks",
}
KODING_BLOCK = "koding"
"""Koding's own block at the top of its stack scripts: what it asks the user who builds the stack."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@collected
class ScriptParts:
    """The parts of a script; each file that is read adds its own.

    resources: the resources of AWS, with the values of their provider
    others: how many resources each type of another provider has
    unread: parts whose needs are not known
    assumed_roles: the roles that providers assume
    states: the states that the script uses
    notes: what was ignored, for people
    files: the files of modules and of values that were read
    """

    resources: list[ScriptResource] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    unread: list[UnreadPart] = field(default_factory=list)
    assumed_roles: list[tuple[AssumedRole, ...]] = field(default_factory=list)
    states: list[StateUse] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ResourceBlock:
    """A `resource`, `data` or `ephemeral` block, also a `data` block in a check.

    keyword: `resource`, `data` or `ephemeral`
    type: for example `aws_eip`
    name: its name
    location: of the block
    body: its arguments
    decides: false in a check, where Terraform only warns
    """

    keyword: str
    type: str
    name: str
    location: Location
    body: MappingNode
    decides: bool = True

    @property
    def address(self) -> str:
        """As Terraform writes it, without its module."""
        prefix = "" if self.keyword == "resource" else f"{self.keyword}."
        return f"{prefix}{self.type}.{self.name}"


@dataclass(frozen=True, slots=True)
class NamedBlock:
    """A block with at most one label: a module call, a backend, a `removed` block.

    name: the label, "" without one
    location: of the block
    body: its arguments
    """

    name: str
    location: Location
    body: MappingNode


@collected
class ModuleBlocks:
    """The blocks of one module, from all its files.

    resources: its resources and data sources of every provider
    providers: the bodies of its `provider "aws"` blocks
    modules: the modules that it calls
    removed: its `removed` blocks
    backends: its state's backend
    variables: the default of each variable, None without one
    locals: the values of `locals` blocks by name
    outputs: the value of each output
    unread: parts whose needs are not known
    notes: what was ignored, for people
    """

    resources: list[ResourceBlock] = field(default_factory=list)
    providers: list[NamedBlock] = field(default_factory=list)
    modules: list[NamedBlock] = field(default_factory=list)
    removed: list[NamedBlock] = field(default_factory=list)
    backends: list[NamedBlock] = field(default_factory=list)
    variables: dict[str, YamlNode | None] = field(default_factory=dict)
    locals: dict[str, YamlNode] = field(default_factory=dict)
    outputs: dict[str, YamlNode | None] = field(default_factory=dict)
    unread: list[UnreadPart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_terraform_script(root: YamlNode) -> bool:
    """Whether a document is a Terraform script: it has a resource, module or provider, or only Terraform's blocks."""
    if not isinstance(root, MappingNode) or not root.entries:
        return False
    keys = set(root.entries)
    return (bool(keys & _SCRIPT_BLOCKS) and not {"apiVersion", "kind"} <= keys) or keys <= {*BLOCKS, KODING_BLOCK}


def add_blocks(root: MappingNode, blocks: ModuleBlocks) -> None:
    """Adds the blocks of one file. Raises InputError for an unknown or malformed block."""
    for key, entry in root.entries.items():
        if key in ("resource", "data", "ephemeral"):
            blocks.resources += _resource_blocks(key, entry)
        elif key in ("provider", "module", "variable", "output", "removed", "check"):
            _add_labelled(key, entry, blocks)
        elif key == "locals":
            blocks.locals.update(
                (name, each.node) for block in _block_mappings(entry.node) for name, each in block.entries.items()
            )
        elif key == "terraform":
            for block in _block_mappings(entry.node):
                backend = block.entries.get("backend")
                blocks.backends += [] if backend is None else _named_blocks(backend, 1)
        elif key in _UNREAD_BLOCKS:
            blocks.unread.append(UnreadPart(key, _UNREAD_BLOCKS[key], entry.location))
        elif key == KODING_BLOCK:
            blocks.notes.append(f"{entry.location.path}: the block `koding` is Koding's own and needs no permission")
        elif key not in BLOCKS:
            hint = nearest_hint(key, BLOCKS, "blocks")
            raise InputError(f"unknown block {quote_text(key)} in a stack script", hint, entry.location)


def _add_labelled(key: str, entry: MappingEntry, blocks: ModuleBlocks) -> None:
    found = list(_named_blocks(entry, 0 if key == "removed" else 1))
    if key == "provider":
        blocks.providers += [each for each in found if each.name == "aws"]
    elif key == "module":
        blocks.modules += found
    elif key == "removed":
        blocks.removed += found
    elif key == "variable":
        blocks.variables.update((each.name, each.body.node("default")) for each in found)
    elif key == "output":
        blocks.outputs.update((each.name, each.body.node("value")) for each in found)
    else:
        data = (each.body.entries.get("data") for each in found)
        blocks.resources += [
            replace(block, decides=False)
            for each in data
            if each is not None
            for block in _resource_blocks("data", each)
        ]


def _named_blocks(entry: MappingEntry, labels: int) -> Iterator[NamedBlock]:
    for names, location, body in labelled_blocks(entry.node, labels, entry.location):
        yield NamedBlock("".join(names), location, body)


def _resource_blocks(keyword: str, entry: MappingEntry) -> Iterator[ResourceBlock]:
    for (type_, name), location, body in labelled_blocks(entry.node, 2, entry.location):
        for label in (type_, name):
            if not _NAME.fullmatch(label):
                raise InputError(f"{quote_text(label)} is not a valid name of a type or resource", "", location)
        yield ResourceBlock(keyword, type_, name, location, body)


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


def literal_text(node: YamlNode | None) -> str:
    """A text that is written out; "" for an interpolation and for a value that is not a text."""
    return node.value if isinstance(node, ScalarNode) and "${" not in node.value else ""


def _block_mappings(node: YamlNode) -> Iterator[MappingNode]:
    """Yields a block, or each block of a list."""
    nodes = node.nodes if isinstance(node, SequenceNode) else (node,)
    yield from (each for each in nodes if isinstance(each, MappingNode))
