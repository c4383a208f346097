"""Texts of a template with open parts: `${NAME}` is a part that is not known, and `$${` is a literal `${`."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 1 << 20
"""The most characters of a text that is joined; a longer one is open."""

_OPEN = re.compile(r"(?<!\$)\$\{")
_SAFE_NAME = re.compile(r"[A-Za-z0-9_:.-]{1,512}")


def open_text(name: str) -> str:
    """Returns an open part; its name says what it depends on, for example `Role.Arn` or `Fn::ImportValue`."""
    return f"${{{name}}}" if _SAFE_NAME.fullmatch(name) else "${unknown}"


def has_open_part(text: str) -> bool:
    """Whether a part of a text is not known."""
    return "${" in text and _OPEN.search(text) is not None


def escape_literal(text: str) -> str:
    """Returns a text of a template as a text without open parts; `%{` is escaped as Terraform does."""
    return text.replace("${", "$${").replace("%{", "%%{") if "{" in text else text


def unescape_literal(text: str) -> str:
    """Returns the text of a template that `escape_literal` was given."""
    return text.replace("$${", "${").replace("%%{", "%{") if "{" in text else text


def join_texts(texts: Iterable[str]) -> str:
    """Returns the texts as one, open if it would be too long.

    A `$` before an open part becomes part of it: written as they are, the two would be a literal `${`.
    """
    found: list[str] = []
    length = 0
    for text in texts:
        if found and text.startswith("${"):
            found[-1] = found[-1].rstrip("$")
        if text:
            found.append(text)
            length += len(text)
    return "".join(found) if length <= LONGEST else open_text("unknown")
