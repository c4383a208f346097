"""Text for people: escapes control characters, masks secrets, shortens, and formats numbers and ages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta

from koding_audit.model.location import Location

_MAX_QUOTED = 80


def quote_text(text: str) -> str:
    """A text from a file, escaped, shortened and in backquotes."""
    return f"`{shorten_text(text)}`"


def shorten_text(text: str) -> str:
    """A text, escaped and shortened."""
    return escape(text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}...")


def place_text(source: Location) -> str:
    """A place as `path:line:column`, escaped."""
    return f"{escape(source.path)}:{source.line}:{source.column}"


# Cc: control (C0, DEL, C1); Cf: format (bidi, zero-width, tags); Cs: lone surrogates, which cannot be encoded;
# Co and Cn: private and unassigned, which terminals show differently; Zl and Zp: separators, to some readers a newline.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Invisible although they count as letters or marks: joiners, fillers, variation selectors
# (Default_Ignorable_Code_Point in Unicode's DerivedCoreProperties.txt beyond _UNSAFE; and the blank of Braille).
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

# Combining marks that one letter may have; more of them cover the lines above and below.
_MAX_MARKS = 3

# The id of an access key, by its form.
_KEY_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{8,}(?![A-Z0-9])")

# Text long enough for a session token; IAM's names are shorter.
_TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{200,}")


def mask_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Mask the ids of access keys except their last four characters, possible session tokens, and these secrets."""
    for each in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(each, "****")
    text = _KEY_ID.sub(lambda found: f"****{found[0][-4:]}", text)
    return _TOKEN.sub("****", text)


def escape(text: str) -> str:
    r"""Write every character that could move the cursor, or hide or reorder text, as \xNN or \uNNNN.

    A backslash stays as it is, so that escaping escaped text again does not change it. The JSON report has the exact
    characters.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = []
    marks = _MAX_MARKS  # no mark before the first letter: it would combine with our own text
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        unsafe = category in _UNSAFE or marks > _MAX_MARKS or _INVISIBLE.match(char)
        shown.append(_escape_char(char) if unsafe else char)
    return "".join(shown)


def clip_text(text: str, most: int) -> str:
    """Shorten a text to its beginning, and say how much is left out: a very long argument would hide the message."""
    return text if len(text) <= most else f"{text[:most]}[... {len(text) - most:,} more characters]"


def _escape_char(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


MAX_ERRORS_SHOWN = 20
"""How many errors of a run are shown to people; the others are counted, and formats for programs have all of them."""


def pluralize(number: int, noun: str) -> str:
    """A number with its noun: `1 day`, `2,000 days`; for nouns with a plural in s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def format_age(moment: datetime, now: datetime) -> str:
    """The age of a time, rounded down: `3 days`, `5 hours`, `less than an hour` (also for a time in the future)."""
    passed = now - moment
    if passed >= timedelta(days=1):
        return pluralize(passed.days, "day")
    if passed >= timedelta(hours=1):
        return pluralize(passed.seconds // 3600, "hour")
    return "less than an hour"
