"""Decides whether a plan may be applied, from what principals could do afterwards, not from names of policies."""

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
