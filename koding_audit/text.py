"""Makes hostile text inert: names, paths and tags come from AWS or from a file, and end in a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Cc: control (C0, DEL, C1); Cf: format (bidi, zero-width, tags); Cs: lone surrogates, which cannot be encoded;
# Co and Cn: private and unassigned, drawn as a terminal pleases; Zl and Zp: separators, to some readers a newline.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Drawn as nothing although they count as letters or marks: joiners, fillers, variation selectors
# (Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties.txt beyond _UNSAFE; and the blank of Braille).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Combining marks that one letter may carry; more of them climb over the lines above and below.
_MARKS = 3


# An access key's id, by its form; and what is long enough for a session token, which IAM's names are not.
_KEY_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{8,}(?![A-Z0-9])")
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{200,}")


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the ids of access keys but for their last four characters, without what may be a session token,
    and without these secrets.
    """
    for each in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(each, "****")
    text = _KEY_ID.sub(lambda found: f"****{found[0][-4:]}", text)
    return _TOKEN.sub("****", text)


def inert(text: str) -> str:
    r"""The text with every character that could move a cursor, hide or reorder others written as \xNN or \uNNNN.

    A backslash stays as it is, so that inert text stays the same when it comes here again as a part of a message;
    the exact bytes, where they matter, are in the JSON report.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = []
    marks = _MARKS  # none before the first letter: it would sit on what we print before the text
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        unsafe = category in _UNSAFE or marks > _MARKS or _INVISIBLE.match(char)
        shown.append(_escape(char) if unsafe else char)
    return "".join(shown)


def clipped(text: str, most: int) -> str:
    """The text, or its beginning and how much is left out: an argument of a megabyte hides what is said of it."""
    return text if len(text) <= most else f"{text[:most]}[... {len(text) - most:,} more characters]"


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
