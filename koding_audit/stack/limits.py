"""How large a stack script may be, and how deep: other people's files, read with the bounds of our own."""

from __future__ import annotations

MOST_MIB = 16
DEEPEST = 50
