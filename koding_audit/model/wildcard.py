"""Patterns of names in which only `*` is special: as `ignore` and waivers have them."""

from __future__ import annotations


def matches_wildcard(pattern: str, text: str) -> bool:
    """Whether the pattern is all of the text; each `*` stands for any text, `/` and nothing included.

    Each part between two `*` is looked for once, from the left: a regular expression would try them all again and
    again, and a pattern is hostile input.
    """
    first, *parts = pattern.split("*")
    if not parts:
        return pattern == text
    *between, last = parts
    if not text.startswith(first):
        return False
    at = len(first)
    for part in between:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(last) and at <= len(text) - len(last)
