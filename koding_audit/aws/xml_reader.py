"""XML replies of AWS's query protocol, read by their shape: what botocore's parser gives, at several times its speed.

It reads what is regular. Of anything else it says Irregular, and botocore's own parser has the word: so whatever that
refuses is refused, and whatever it makes of an odd reply is made of it.
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

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class IrregularReply(Exception):  # noqa: N818 - no failure: somebody else reads it
    """The reply is not as AWS writes them, or is none at all."""


class DocumentTypeError(ValueError):
    """AWS declares no document type; one can declare entities that grow beyond all bounds."""


def refuse_document_type(body: bytes) -> None:
    """Raises DocumentTypeError. Read as UTF-8, as all replies are, a declaration has just these bytes."""
    if b"<!DOCTYPE" in body:
        raise DocumentTypeError("the reply declares a document type")


def build_reply_reader(shape: Any) -> Callable[[bytes], dict[str, Any]]:
    """What reads the body of a reply of this output shape of botocore's, which has a `resultWrapper`.

    It gives what botocore's parser gives, ResponseMetadata with it. It raises Irregular.
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
        said = parts.get("ResponseMetadata", ())
        metadata = {_local_name(each.tag): each.text for each in said}
        if len(metadata) < len(said):
            raise IrregularReply
        return {**found, "ResponseMetadata": metadata}

    return read


def _element_reader(shape: Any) -> ElementReader:
    if shape.serialization.keys() - {"name", "resultWrapper"}:
        return _refuse_element  # flattened lists, attributes: IAM has none
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
    """Members that the shape does not know are passed over, as botocore does."""
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
                # Most members are texts: a call for each would be a quarter of the time.
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
    """A time in UTC as AWS writes it, to the second; None for any other text."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(f"{text[:-1]}+00:00")
    except ValueError:  # the 30th of February
        return None


def _read_boolean(element: Element) -> bool:
    return _read_text(element) == "true"


def _read_integer(element: Element) -> int:
    text = _read_text(element)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise IrregularReply
    return int(text)


def _refuse_element(_: Element) -> Any:
    raise IrregularReply


def _local_name(tag: Any) -> str:
    """The name without its namespace."""
    return str(tag).rpartition("}")[2]
