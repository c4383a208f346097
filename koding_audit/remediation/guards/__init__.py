"""May this plan be applied: guard rails that judge what principals could do afterwards, and not names."""

from __future__ import annotations

from koding_audit.remediation.guards.check import GuardLimits, Judgement, Refusal, evaluate_guards, protected_findings
from koding_audit.remediation.guards.entitlements import RequiredRead, merge_snapshots, required_reads_query

__all__ = (
    "GuardLimits",
    "Judgement",
    "Refusal",
    "RequiredRead",
    "evaluate_guards",
    "merge_snapshots",
    "protected_findings",
    "required_reads_query",
)
