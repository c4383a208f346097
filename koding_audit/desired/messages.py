"""Hints that suggest a known word for an unknown one."""

from __future__ import annotations

from collections.abc import Iterable

from koding_audit.io.text import _MAX_QUOTED, quote_text, shorten_text

_MAX_WORDS_LISTED = 12


def nearest_hint(word: str, known: Iterable[str], noun: str) -> str:
    """A hint with the most similar known word, or else with the first known words."""
    import difflib  # noqa: PLC0415 - only errors need it

    words = list(known)
    close = difflib.get_close_matches(word[:_MAX_QUOTED], words, n=1)
    if close:
        return f"did you mean {quote_text(close[0])}?"
    if not words:
        return f"there are no {noun}"
    more = f" and {len(words) - _MAX_WORDS_LISTED} more" if len(words) > _MAX_WORDS_LISTED else ""
    return f"the {noun} are: {', '.join(map(shorten_text, words[:_MAX_WORDS_LISTED]))}{more}"
