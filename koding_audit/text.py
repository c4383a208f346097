"""Makes hostile text inert: names, paths and tags come from AWS or from a file, and end in a terminal."""

from __future__ import annotations

import unicodedata

# Cc: control (C0, DEL, C1); Cf: format (bidi, zero-width, tags); Cs: lone surrogates, which cannot be encoded;
# Co and Cn: private and unassigned, drawn as a terminal pleases; Zl and Zp: separators that some readers take for a newline.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def inert(text: str) -> str:
    """The text with every character that could move a cursor, hide or reorder others written as \\xNN or \\uNNNN."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) if unicodedata.category(char) in _UNSAFE else char for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
