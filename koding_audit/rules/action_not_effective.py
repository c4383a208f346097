"""Attached is not yet allowed: the stack still fails.

An action that a required set is for is denied, or not allowed, although the set's policies are attached: an explicit
deny, a permissions boundary or a condition is in the way; or it depends on what an audit cannot know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

if TYPE_CHECKING:
    from koding_audit.effective import Decided
    from koding_audit.evaluate import Because

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS, Fact.DOCUMENT})
STEP = "change the statement that is named, or what the set is for"


def check(comparison: Comparison) -> Iterator[Finding]:
    if not any(policy_set.actions for policy_set in comparison.desired.policy_sets.values()):
        return
    from koding_audit.effective import decided  # noqa: PLC0415 - a file without actions does not pay for the evaluator

    seen: set[str] = set()
    for each in decided(comparison):
        finding = _finding(each)
        if each.decision.verdict != "allowed" and finding.id not in seen:
            seen.add(finding.id)
            yield finding


def _finding(each: Decided) -> Finding:
    decision, action = each.decision, each.action
    resource = "" if action.resource == "*" else f" on {action.resource}"
    verdict = {"unknown": "it is not known whether {} may"}.get(decision.verdict, "{} may not")
    whom = verdict.format(f"{each.principal.kind} {each.principal.name}")
    keys = f" (it depends on {', '.join(decision.open_keys)})" if decision.open_keys else ""
    reasons = "; ".join(each.reasons)
    return Finding(
        rule="action-not-effective",
        severity="error",
        subject=each.principal.arn,
        key=f"{action.action}/{action.resource}" if resource else action.action,
        message=f"{whom} {action.action}{resource}, which set {each.policy_set.name} is for: {reasons}{keys}",
        source=action.source,
        policy_set=each.policy_set.name,
        evidence={
            "verdict": decision.verdict,
            "because": [_evidence(because) for because in decision.because],
            "open_keys": list(decision.open_keys),
        },
    )


def _evidence(because: Because) -> dict[str, object]:
    return {
        "layer": because.layer,
        "policy": because.policy,
        "statement": because.statement,
        "sid": because.sid,
        "why": because.why,
    }
