"""May this plan be applied: guard rails that judge what principals could do afterwards, and not names."""

from __future__ import annotations

from koding_audit.guards.holdings import Need, merged, query
from koding_audit.guards.judging import Judgement, Limits, Refusal, judge, kept_back

__all__ = ("Judgement", "Limits", "Need", "Refusal", "judge", "kept_back", "merged", "query")
