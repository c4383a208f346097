"""A script in Terraform's own language -> a tree of nodes, by python-hcl2; each with the line of its block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from koding_audit.desired.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from koding_audit.errors import InputError
from koding_audit.model import Source


def read_hcl(text: str, path: str) -> Node:
    """As the same script in JSON: a list of blocks under each keyword. Raises InputError."""
    try:
        import hcl2  # noqa: PLC0415 - an extra
        import lark  # noqa: PLC0415 - what it parses with
    except ImportError as error:
        raise InputError(
            "to read *.tf, python-hcl2 is needed", "pip install 'koding-audit[hcl]'", Source(path, 1, 1)
        ) from error
    options = hcl2.SerializationOptions(with_comments=False, explicit_blocks=False, strip_string_quotes=True)
    try:
        body = hcl2.parses(text).body
        blocks = [
            (each.labels, each.serialize(options), Source(path, each._meta.line, each._meta.column))
            for each in body.children
            if each.lark_name() == "block"
        ]
    except lark.exceptions.UnexpectedInput as error:
        line, column = max(1, getattr(error, "line", 1)), max(1, getattr(error, "column", 1))
        raise InputError(
            "this is not Terraform's language", "`terraform validate` says more", Source(path, line, column)
        ) from error
    except (lark.exceptions.LarkError, RecursionError, ValueError) as error:
        raise InputError("this is not Terraform's language, or nested too deeply", "", Source(path, 1, 1)) from error
    return _top(blocks, Source(path, 1, 1))


def _top(blocks: list[tuple[Any, dict[str, Any], Source]], start: Source) -> MappingNode:
    """Each keyword's blocks, in their order."""
    found: dict[str, list[Node]] = {}
    places: dict[str, Source] = {}
    for labels, value, source in blocks:
        keyword = str(labels[0].serialize())
        places.setdefault(keyword, source)
        found.setdefault(keyword, []).append(_node(value, source))
    return MappingNode(
        {word: Entry(places[word], SequenceNode(tuple(nodes), places[word])) for word, nodes in found.items()}, start
    )


def _node(value: object, source: Source) -> Node:
    if isinstance(value, Mapping):
        return MappingNode(dict(_entries(value, source)), source)
    if isinstance(value, list):
        return SequenceNode(tuple(_node(each, source) for each in value), source)
    if isinstance(value, str):
        return ScalarNode(value, False, source)
    plain = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return ScalarNode(plain, True, source)


def _entries(value: Mapping[Any, Any], source: Source) -> Iterator[tuple[str, Entry]]:
    for key, inner in value.items():
        yield str(key), Entry(source, _node(inner, source))
