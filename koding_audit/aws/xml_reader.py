"""Parses XML replies of AWS's query protocol by botocore's shapes, several times faster than botocore's own parser.

It parses only replies in AWS's usual form and gives the same values as botocore. For any other reply it raises
IrregularReply, and the caller uses botocore's parser: an unusual reply is accepted or rejected exactly as by botocore.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ElementReader = Callable[["Element"], Any]

_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z")
_ISO_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_INTEGER = re.compile(r"-?[0-9]{1,18}")


class IrregularReply(Exception):  # noqa: N818 - not an error: botocore's parser reads the reply instead
    """The reply is not XML in the form that AWS writes."""


class OddValueError(ValueError):
    """The reply has a value that is none of its type; the text says which, and quotes nothing of the reply."""


class DocumentTypeError(ValueError):
    """The reply declares a document type, which AWS never does; its entities could expand without limit."""


def refuse_document_type(body: bytes) -> None:
    """Raises DocumentTypeError if the body has a declaration; in UTF-8, as all replies are, it is these bytes."""
    if b"<!DOCTYPE" in body:
        raise DocumentTypeError("the reply declares a document type")


def build_reply_reader(shape: Any) -> Callable[[bytes], dict[str, Any]]:
    """Returns a function that parses the body of a reply of a botocore output shape with a `resultWrapper`.

    The function returns what botocore's parser returns, ResponseMetadata included. It raises IrregularReply or
    DocumentTypeError.
    """
    wrapper, result = shape.serialization["resultWrapper"], _element_reader(shape)

    def read(body: bytes) -> dict[str, Any]:
        refuse_document_type(body)
        try:
            root = ET.XML(body, ET.XMLParser(encoding="utf-8"))  # noqa: S314 - without a document type: no entities
        except ET.ParseError as error:
            raise IrregularReply from error
        parts = {_local_name(child.tag): child for child in root}
        if len(parts) < len(root) or wrapper not in parts:
            raise IrregularReply
        found: dict[str, Any] = result(parts[wrapper])
        elements = parts.get("ResponseMetadata", ())
        metadata = {_local_name(each.tag): each.text for each in elements}
        if len(metadata) < len(elements):
            raise IrregularReply
        return {**found, "ResponseMetadata": metadata}

    return read


def _element_reader(shape: Any) -> ElementReader:
    if shape.serialization.keys() - {"name", "resultWrapper"}:
        return _refuse_element  # flattened lists or attributes: IAM uses neither
    readers: dict[str, Callable[[Any], ElementReader]] = {
        "structure": _structure_reader,
        "list": _list_reader,
        "string": lambda _: _read_text,
        "timestamp": lambda _: _read_timestamp,
        "boolean": lambda _: _read_boolean,
        "integer": lambda _: _read_integer,
    }
    return readers.get(shape.type_name, lambda _: _refuse_element)(shape)


def _structure_reader(shape: Any) -> ElementReader:
    """Returns a reader of a structure, which ignores members that are not in the shape, as botocore does."""
    known = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
    readers: dict[str, tuple[str, ElementReader] | None] = {}

    def learn(tag: str) -> tuple[str, ElementReader] | None:
        name, member = known.get(_local_name(tag), ("", None))
        readers[tag] = (name, _element_reader(member)) if name else None
        return readers[tag]

    def read(element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for child in element:
            tag = child.tag
            each = readers[tag] if tag in readers else learn(tag)
            if each is not None:
                name, value = each
                if name in found:
                    raise IrregularReply
                # Most members are text: one function call for each would take a quarter of the time.
                found[name] = child.text or "" if value is _read_text and not len(child) else value(child)
        return found

    return read


def _list_reader(shape: Any) -> ElementReader:
    member = shape.member.serialization.get("name", "member")
    item = _element_reader(shape.member)

    def read(element: Element) -> list[Any]:
        found = []
        for child in element:
            if not child.tag.endswith(member) or _local_name(child.tag) != member:
                raise IrregularReply
            found.append(item(child))
        return found

    return read


def _read_text(element: Element) -> str:
    if len(element):
        raise IrregularReply
    return element.text or ""


def _read_timestamp(element: Element) -> datetime:
    found = parse_xml_time(_read_text(element))
    if found is None:
        raise IrregularReply
    return found


def parse_xml_time(text: str) -> datetime | None:
    """Returns the time of a text such as 2026-01-31T12:00:00Z or 2026-01-31T12:00:00.25Z, None for any other text.

    Digits after the sixth of a second are cut off, as botocore does.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    seconds, fraction = found.groups()
    try:
        return datetime.fromisoformat(f"{seconds}.{fraction[:6]:0<6}+00:00" if fraction else f"{seconds}+00:00")
    except ValueError:  # for example the 30th of February
        return None


def _read_boolean(element: Element) -> bool:
    try:
        return parse_xml_boolean(element)
    except OddValueError as error:
        raise IrregularReply from error


def parse_xml_boolean(node: Any) -> bool:
    """Returns the boolean of an element. Raises OddValueError.

    To botocore every other text than `true` is false: a list with another IsTruncated would end at its first page.
    """
    text = getattr(node, "text", None)
    if text not in ("true", "false"):
        raise OddValueError("a boolean that is neither true nor false")
    return bool(text == "true")


def parse_xml_integer(node: Any) -> int:
    """Returns the integer of an element. Raises OddValueError; Python's int() reads spaces and underscores too."""
    text = getattr(node, "text", None) or ""
    if not _INTEGER.fullmatch(text):
        raise OddValueError("a text in place of a number")
    return int(text)


def check_map_entries(node: Any) -> None:
    """Raises OddValueError unless each entry of a map has one key and one value.

    botocore gives an entry without a value the value of the entry before it.
    """
    for entry in node:
        if len(entry) != 2 or entry[0].tag == entry[1].tag:
            raise OddValueError("an entry without a key or without a value")


def check_complete_time(text: str) -> None:
    """Raises OddValueError for a text that is not a complete time; botocore reads `May` or `10:30` as one of today."""
    if not _ISO_TIME.fullmatch(text):
        raise OddValueError("an incomplete time")


def _read_integer(element: Element) -> int:
    text = _read_text(element)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise IrregularReply
    return int(text)


def _refuse_element(_: Element) -> Any:
    raise IrregularReply


def _local_name(tag: Any) -> str:
    """Returns the tag's name without its namespace."""
    return str(tag).rpartition("}")[2]
