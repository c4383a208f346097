"""Patterns of names in which only `*` is special, as in `ignore` and waivers."""

from __future__ import annotations


def matches_wildcard(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text; each `*` matches any text, including `/` and empty text.

    Each part between two `*` is searched for once, from the left: a regular expression would backtrack, and a pattern
    may be hostile.
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
