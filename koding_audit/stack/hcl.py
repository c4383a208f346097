"""Reads a stack script in HCL, Terraform's own language, into a tree of nodes; each has the line of its block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from koding_audit.io.text import shorten_text
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.stack.hcl_grammar import HclParser
from koding_audit.stack.hcl_texts import HeldTexts, UnreadableHclError

_TWO_KINDS = "an argument and a block of this block have the same name"
_PLAN_HINT = "run `terraform validate`; the JSON of a plan can be read too (`terraform show -json`)"


def read_hcl_script(text: str, path: str, parser: HclParser) -> YamlNode:
    """Returns the script's node, a list of blocks under each keyword, as in Terraform's JSON. Raises InputError.

    parser: the one of all files of the run
    """
    texts = HeldTexts(path)
    found: dict[str, list[YamlNode]] = {}
    places: dict[str, Location] = {}
    for each in _body_items(texts.take_out(text), path, parser, "block"):
        location = Location(path, each._meta.line, each._meta.column)
        keyword = texts.put_back(str(each.labels[0].serialize()))
        places.setdefault(keyword, location)
        _check_names(each, path)
        found.setdefault(keyword, []).append(_value_node(_serialized(each), location, texts))
    return MappingNode(
        {word: MappingEntry(places[word], SequenceNode(tuple(nodes), places[word])) for word, nodes in found.items()},
        Location(path, 1, 1),
    )


def read_hcl_values(text: str, path: str, parser: HclParser) -> MappingNode:
    """Returns the arguments at the top of a file of values, `*.tfvars`. Raises InputError."""
    texts, start = HeldTexts(path), Location(path, 1, 1)
    entries: dict[str, MappingEntry] = {}
    for each in _body_items(texts.take_out(text), path, parser, "attribute"):
        for name, value in _serialized(each).items():
            entries[texts.put_back(str(name))] = MappingEntry(start, _value_node(value, start, texts))
    return MappingNode(entries, start)


def _body_items(text: str, path: str, parser: HclParser, kind: str) -> list[Any]:
    """Returns the blocks or the attributes at the top of a file. Raises InputError."""
    try:
        import lark  # noqa: PLC0415 - hcl2's parser

        return [each for each in _parsed(text, parser).children if each.lark_name() == kind]
    except ImportError as error:
        hint = "run `pip install 'koding-audit[hcl]'`"
        raise InputError("reading *.tf needs python-hcl2", hint, Location(path, 1, 1)) from error
    except lark.exceptions.UnexpectedInput as error:
        line, column = max(1, getattr(error, "line", 1)), max(1, getattr(error, "column", 1))
        raise UnreadableHclError(
            "python-hcl2 cannot read this line", _PLAN_HINT, Location(path, line, column)
        ) from error
    except (lark.exceptions.LarkError, RecursionError, ValueError, RuntimeError) as error:
        message = "python-hcl2 cannot read this file, which may be nested too deeply"
        raise UnreadableHclError(message, _PLAN_HINT, Location(path, 1, 1)) from error


def _parsed(text: str, parser: HclParser) -> Any:
    return parser.parse(text).body


def _check_names(block: Any, path: str) -> None:
    """Refuses an argument whose name another argument or a block of the same block has. Raises InputError.

    python-hcl2 keeps the last one only, so that the others would not count.
    """
    arguments: set[str] = set()
    blocks: set[str] = set()
    for each in block.body.children:
        if each.lark_name() == "block":
            name, is_repeated = str(each.labels[0].serialize()), False
            blocks.add(name)
            _check_names(each, path)
        elif each.lark_name() == "attribute":
            name = str(each.identifier.serialize())
            is_repeated = name in arguments
            arguments.add(name)
        else:
            continue
        if is_repeated or name in arguments & blocks:
            message = f"{shorten_text(name)} has two values in this block" if is_repeated else _TWO_KINDS
            location = Location(path, each._meta.line, each._meta.column)
            raise InputError(message, "run `terraform validate`, which refuses it too", location)


def _serialized(item: Any) -> dict[str, Any]:
    import hcl2  # noqa: PLC0415 - an optional extra

    options = hcl2.SerializationOptions(with_comments=False, explicit_blocks=False, strip_string_quotes=True)
    value: dict[str, Any] = item.serialize(options)
    return value


def _value_node(value: object, source: Location, texts: HeldTexts) -> YamlNode:
    if isinstance(value, Mapping):
        return MappingNode(dict(_mapping_entries(value, source, texts)), source)
    if isinstance(value, list):
        return SequenceNode(tuple(_value_node(each, source, texts) for each in value), source)
    if isinstance(value, str):
        return ScalarNode(texts.put_back(value), False, source)
    plain = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return ScalarNode(plain, True, source)


def _mapping_entries(
    value: Mapping[Any, Any], source: Location, texts: HeldTexts
) -> Iterator[tuple[str, MappingEntry]]:
    for key, inner in value.items():
        yield texts.put_back(str(key)).strip('"'), MappingEntry(source, _value_node(inner, source, texts))
