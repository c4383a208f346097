"""Limits of a stack script: size in MiB and depth of nesting."""

from __future__ import annotations

MOST_MIB = 16
DEEPEST = 50
