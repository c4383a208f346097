"""Finds encoded authorization messages, which lines and prefixes may cut into pieces."""

from __future__ import annotations

import re

from koding_audit.denials.passage import Passage

_MARK = "encodedauthorizationfailuremessage:"
_PIECE = re.compile(r"[A-Za-z0-9_-]+")
_RANDOM = re.compile(r"[0-9_-]|[a-z][A-Z]")
_LEAST = 40  # characters; AWS's have some hundreds
_LEAST_ALONE = 200
_TOKENS = ("IQoJ", "Fwo", "FQo", "eyJ", "AQoD")  # the beginnings of session tokens and of JSON web tokens


def find_encoded(passage: Passage, start: int, end: int) -> tuple[str, int, int]:
    """Return the first encoded message after its mark within a range, and its place; ("", end, end) without one."""
    at = passage.lowered.find(_MARK, start, end)
    while at >= 0:
        text, after = _read_encoded(passage, at + len(_MARK))
        if text:
            return text, at, after
        at = passage.lowered.find(_MARK, at + 1, end)
    return "", end, end


def read_encoded_alone(text: str) -> str:
    """Return an encoded message that is the whole text; "" for another text, and for what looks like a token."""
    joined = "".join(text.split())
    plain = (
        _PIECE.fullmatch(joined) is not None and len(joined) >= _LEAST_ALONE and all(map(_RANDOM.search, text.split()))
    )
    mixed = all(re.search(sign, joined) for sign in ("[A-Z]", "[a-z]", "[0-9]", "[_-]"))
    return joined if plain and mixed and not joined.startswith(_TOKENS) else ""


def _read_encoded(passage: Passage, at: int) -> tuple[str, int]:
    while passage.squeezed[at : at + 1] in ("'", '"', "`") and passage.squeezed[at : at + 1]:
        at += 1
    found = _PIECE.match(passage.squeezed, at, passage.word_end(at)) if at < len(passage.squeezed) else None
    if found is None:
        return "", at
    pieces, end = [found[0]], found.end()
    while end == passage.word_end(end - 1) and end < len(passage.squeezed) and passage.is_break(end):
        found = _PIECE.match(passage.squeezed, end, passage.word_end(end))
        if found is None or not _continues(passage, found):
            break
        pieces.append(found[0])
        end = found.end()
    text = "".join(pieces)
    return (text, end) if len(text) >= _LEAST else ("", at)


def _continues(passage: Passage, found: re.Match[str]) -> bool:
    """Whether the first word of a line is a part of the message: nothing else is in its line, and it is not a word."""
    after = passage.word_end(found.start())
    alone = after == len(passage.squeezed) or passage.is_break(after)
    return alone and after - found.end() <= 2 and bool(_RANDOM.search(found[0])) and len(found[0]) >= 4
