"""What two policy documents allow differently: by meaning, whatever their text; docs/difference.md tells the method."""

from __future__ import annotations

from koding_audit.difference.comparing import compare, covers
from koding_audit.difference.values import Change, Difference, described

__all__ = ("Change", "Difference", "compare", "covers", "described")
