"""Text for people: escapes control characters, masks secrets, shortens, and formats numbers and ages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta

from koding_audit.model.location import Location

_MAX_QUOTED = 80


def quote_text(text: str) -> str:
    """A text from a file, inert, short and in backquotes."""
    return f"`{shorten_text(text)}`"


def shorten_text(text: str) -> str:
    return escape(text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}...")


def place_text(source: Location) -> str:
    return f"{escape(source.path)}:{source.line}:{source.column}"


# Cc: control (C0, DEL, C1); Cf: format (bidi, zero-width, tags); Cs: lone surrogates, which cannot be encoded;
# Co and Cn: private and unassigned, drawn as a terminal pleases; Zl and Zp: separators, to some readers a newline.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Drawn as nothing although they count as letters or marks: joiners, fillers, variation selectors
# (Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties.txt beyond _UNSAFE; and the blank of Braille).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

# Combining marks that one letter may carry; more of them climb over the lines above and below.
_MAX_MARKS = 3

# An access key's id, by its form; and what is long enough for a session token, which IAM's names are not.
_KEY_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{8,}(?![A-Z0-9])")

_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{200,}")


def mask_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the ids of access keys but for their last four characters, without what may be a session token,
    and without these secrets.
    """
    for each in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(each, "****")
    text = _KEY_ID.sub(lambda found: f"****{found[0][-4:]}", text)
    return _TOKEN.sub("****", text)


def escape(text: str) -> str:
    r"""The text with every character that could move a cursor, hide or reorder others written as \xNN or \uNNNN.

    A backslash stays as it is, so that inert text stays the same when it comes here again as a part of a message;
    the exact bytes, where they matter, are in the JSON report.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = []
    marks = _MAX_MARKS  # none before the first letter: it would sit on what we print before the text
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        unsafe = category in _UNSAFE or marks > _MAX_MARKS or _INVISIBLE.match(char)
        shown.append(_escape_char(char) if unsafe else char)
    return "".join(shown)


def clip_text(text: str, most: int) -> str:
    """The text, or its beginning and how much is left out: an argument of a megabyte hides what is said of it."""
    return text if len(text) <= most else f"{text[:most]}[... {len(text) - most:,} more characters]"


def _escape_char(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


MAX_ERRORS_SHOWN = 20
"""Errors of a run that a person is told, one by one: more are counted, and stand in what programs read."""


def pluralize(number: int, noun: str) -> str:
    """`1 day`, `2,000 days`; for nouns that take an s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_age(moment: datetime, now: datetime) -> str:
    """How long ago a time is, rounded down: `3 days`, `5 hours`, `less than an hour` (or still to come)."""
    passed = now - moment
    if passed >= timedelta(days=1):
        return pluralize(passed.days, "day")
    if passed >= timedelta(hours=1):
        return pluralize(passed.seconds // 3600, "hour")
    return "less than an hour"
