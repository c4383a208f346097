"""Reads a stack script in HCL, Terraform's own language, into a tree of nodes; each has the line of its block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.stack.hcl_grammar import HclParser


def read_hcl_script(text: str, path: str, parser: HclParser) -> YamlNode:
    """Returns the script's node, a list of blocks under each keyword, as in Terraform's JSON. Raises InputError.

    parser: the one of all files of the run
    """
    try:
        import hcl2  # noqa: PLC0415 - an optional extra
        import lark  # noqa: PLC0415 - hcl2's parser
    except ImportError as error:
        hint = "run `pip install 'koding-audit[hcl]'`"
        raise InputError("reading *.tf needs python-hcl2", hint, Location(path, 1, 1)) from error
    options = hcl2.SerializationOptions(with_comments=False, explicit_blocks=False, strip_string_quotes=True)
    try:
        body = parser.parse(text).body
        blocks = [
            (each.labels, each.serialize(options), Location(path, each._meta.line, each._meta.column))
            for each in body.children
            if each.lark_name() == "block"
        ]
    except lark.exceptions.UnexpectedInput as error:
        line, column = max(1, getattr(error, "line", 1)), max(1, getattr(error, "column", 1))
        raise InputError(
            "this is not valid HCL", "run `terraform validate` for details", Location(path, line, column)
        ) from error
    except (lark.exceptions.LarkError, RecursionError, ValueError) as error:
        raise InputError("this is not valid HCL, or is nested too deeply", "", Location(path, 1, 1)) from error
    return _blocks_node(blocks, Location(path, 1, 1))


def _blocks_node(blocks: list[tuple[Any, dict[str, Any], Location]], start: Location) -> MappingNode:
    """Returns a mapping of each keyword to its blocks, in their order."""
    found: dict[str, list[YamlNode]] = {}
    places: dict[str, Location] = {}
    for labels, value, source in blocks:
        keyword = str(labels[0].serialize())
        places.setdefault(keyword, source)
        found.setdefault(keyword, []).append(_value_node(value, source))
    return MappingNode(
        {word: MappingEntry(places[word], SequenceNode(tuple(nodes), places[word])) for word, nodes in found.items()},
        start,
    )


def _value_node(value: object, source: Location) -> YamlNode:
    if isinstance(value, Mapping):
        return MappingNode(dict(_mapping_entries(value, source)), source)
    if isinstance(value, list):
        return SequenceNode(tuple(_value_node(each, source) for each in value), source)
    if isinstance(value, str):
        return ScalarNode(value, False, source)
    plain = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return ScalarNode(plain, True, source)


def _mapping_entries(value: Mapping[Any, Any], source: Location) -> Iterator[tuple[str, MappingEntry]]:
    for key, inner in value.items():
        yield str(key), MappingEntry(source, _value_node(inner, source))
