"""Runs the guards before a write: reads what they need, and prints what they exclude."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from koding_audit.aws.sources import AccountSource
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape
from koding_audit.model.desired import Guards
from koding_audit.model.finding import Finding
from koding_audit.model.plan import Plan
from koding_audit.model.snapshot import Snapshot
from koding_audit.remediation.checked_plan import CheckedPlan
from koding_audit.remediation.guards import (
    GuardLimits,
    Judgement,
    RequiredRead,
    evaluate_guards,
    merge_snapshots,
    protected_findings,
    required_reads_query,
)
from koding_audit.remediation.options import WriteOptions
from koding_audit.remediation.write import describe_action


def check_guards(
    plan: Plan, source: AccountSource, audited: Snapshot, guards: Guards, limits: GuardLimits
) -> CheckedPlan:
    """The plan with the result of its guards; what they need and the snapshot lacks is read."""
    known, attempted = audited, frozenset[RequiredRead]()
    while True:
        judgement = evaluate_guards(plan, known, attempted, guards, limits)
        if not judgement.required_reads:
            return CheckedPlan(plan, judgement, audited, known)
        known = merge_snapshots(known, source.collect(required_reads_query(judgement.required_reads, known)))
        attempted |= judgement.required_reads


def guards_again(
    checked: CheckedPlan, source: AccountSource, read: Callable[[], Snapshot], guards: Guards, limits: GuardLimits
) -> Callable[[], Judgement]:
    """The function that checks the guards of a plan again, with what `read` returns then."""
    return lambda: check_guards(checked.plan, source, read(), guards, limits).judgement


def guard_limits(options: WriteOptions) -> GuardLimits:
    """The limits of the guards that these options set."""
    return GuardLimits(options.max_changes, options.allow_admin)


def print_protected_fixes(findings: Iterable[Finding], guards: Guards, terminal: Terminal) -> None:
    """Print the fixes that are not planned because they would change a protected principal."""
    for finding, reference in protected_findings(findings, guards):
        place = f"{reference.location.path}:{reference.location.line}:{reference.location.column}"
        step = " ".join(describe_action(finding.fix).split()) if finding.fix else ""
        terminal.note(f"Not planned: {step}: {escape(f'{reference.name} is protected by {place}')}")
