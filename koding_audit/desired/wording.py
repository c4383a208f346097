"""How a refusal shows what somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterable

from koding_audit.model import Source
from koding_audit.text import inert

_LONGEST = 80
_MANY = 12


def shown(text: str) -> str:
    """A text from a file, inert, short and in backquotes."""
    return f"`{short(text)}`"


def short(text: str) -> str:
    return inert(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")


def place(source: Source) -> str:
    return f"{inert(source.path)}:{source.line}:{source.column}"


def nearest(word: str, known: Iterable[str], noun: str) -> str:
    """A hint that names the known word that is most like this one, or else a few of those there are."""
    import difflib  # noqa: PLC0415 - only a refusal needs it

    words = list(known)
    close = difflib.get_close_matches(word[:_LONGEST], words, n=1)
    if close:
        return f"did you mean {shown(close[0])}?"
    if not words:
        return f"there are no {noun}"
    more = f" and {len(words) - _MANY} more" if len(words) > _MANY else ""
    return f"the {noun} are: {', '.join(map(short, words[:_MANY]))}{more}"
