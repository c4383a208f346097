"""Evaluates the rules over a snapshot, and reports what could not be checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from koding_audit import plugins
from koding_audit.model.account import PrincipalKey, PrincipalKind
from koding_audit.model.desired import Desired
from koding_audit.model.finding import NOT_CHECKED, Finding
from koding_audit.model.frozen import replace
from koding_audit.model.plan import Journal, Outcome, Plan
from koding_audit.model.query import Gap
from koding_audit.model.report import Audit, AuditScope
from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.catalog import AuditRule
from koding_audit.scan.comparison import Comparison, DesiredPrincipal
from koding_audit.scan.credential_cutoff import cutoff_gaps, cutoff_note, relevant_cutoff
from koding_audit.scan.outline import build_outline, root_state
from koding_audit.scan.read_plan import applicable_rules
from koding_audit.scan.waivers import apply_waivers, unused_waivers


def audit_snapshot(desired: Desired, snapshot: Snapshot, selected: Collection[AuditRule]) -> Audit:
    """Evaluate the rules. desired is bound to the snapshot's account."""
    chosen = applicable_rules(desired, selected)
    cutoff = relevant_cutoff(snapshot, chosen)
    snapshot = replace(snapshot, gaps=(*snapshot.gaps, *cutoff_gaps(cutoff))) if cutoff and desired.strict else snapshot
    comparison = Comparison(desired, snapshot)
    gaps = tuple(gap for gap in snapshot.gaps if _blocked_rules(gap, chosen))
    findings = (*_run_rules(comparison, chosen), *(_not_checked_finding(gap, comparison) for gap in gaps))
    return Audit(
        account=snapshot.account,
        caller=snapshot.caller,
        taken_at=snapshot.taken_at,
        source=snapshot.source,
        endpoint=snapshot.endpoint,
        hosts=snapshot.hosts,
        desired=desired.files,
        scope=_audit_scope(desired, selected),
        findings=findings,
        gaps=gaps,
        blocked_rules=tuple(_blocked_rules(gap, chosen) for gap in gaps),
        not_seen=_layers_not_seen(comparison) if any(rule.traits.shows_unread_layers for rule in chosen) else (),
        report_generated=snapshot.root_use.generated if snapshot.root_use else None,
        credentials_as_of=cutoff.as_of if cutoff else None,
        notes=(cutoff_note(cutoff),) if cutoff else (),
        root=root_state(snapshot),
        outline=build_outline(comparison, findings),
    )


def _audit_scope(desired: Desired, chosen: Iterable[AuditRule]) -> AuditScope:
    """What an audit with these rules is about; the shorter list of those that run and those that do not."""
    ran = sorted(each.id for each in chosen)
    skipped = sorted(set(plugins.plugin_names("scan.rules")).difference(ran))
    only, skip = (tuple(ran), ()) if len(ran) < len(skipped) else ((), tuple(skipped))
    stacks = {each.sha256 for stack in desired.stacks for each in stack.files}
    return AuditScope(desired.account_targets, desired.enabled_sets, only, skip, tuple(sorted(stacks)))


def findings_for_other_tools(
    desired: Desired, snapshot: Snapshot, chosen: Iterable[AuditRule], users: Collection[PrincipalKey]
) -> tuple[Finding, ...]:
    """The findings, with fixes that create these users with their boundary. This tool never makes such a write."""
    return _run_rules(
        Comparison(desired, snapshot, for_other_tools=frozenset(users)), applicable_rules(desired, chosen)
    )


def completed_rules(audit: Audit, desired: Desired, chosen: Iterable[AuditRule]) -> frozenset[str]:
    """The rules that were evaluated in an audit: those that apply, and of whose facts all were read."""
    blocked = frozenset(name for those in audit.blocked_rules for name in those)
    return frozenset(rule.id for rule in applicable_rules(desired, chosen)) - blocked


def _run_rules(comparison: Comparison, chosen: Iterable[AuditRule]) -> tuple[Finding, ...]:
    """The findings of the rules, the waived ones marked as such, and last the findings about unused waivers."""
    desired, snapshot = comparison.desired, comparison.snapshot
    found = [finding for rule in chosen if not rule.traits.needs_waiver_use for finding in rule.check(comparison)]
    # It is not known what a rule with an unread fact would have found.
    blocked = {name for gap in snapshot.gaps for name in _blocked_rules(gap, chosen)}
    evaluated = {rule.id for rule in chosen} - blocked
    after = replace(comparison, unused_waivers=unused_waivers(desired.waivers, found, evaluated, snapshot.account))
    last = [finding for rule in chosen if rule.traits.needs_waiver_use for finding in rule.check(after)]
    declared: tuple[DesiredPrincipal, ...] = (
        *desired.groups.values(),
        *desired.users.values(),
        *desired.roles.values(),
    )
    found = _add_managed_by(found, desired) if found and any(each.managed_by for each in declared) else found
    return (*apply_waivers(found, desired.waivers, snapshot.taken_at), *last)


def _add_managed_by(findings: Iterable[Finding], desired: Desired) -> list[Finding]:
    """The findings; evidence names the tools that manage what a fix would write, because --fix skips those."""
    from koding_audit.model.desired import managing_tools  # noqa: PLC0415 - a scan that finds nothing plans nothing
    from koding_audit.model.finding import touched_entities  # noqa: PLC0415 - a scan that finds nothing plans nothing

    tools = managing_tools(desired)
    marked = []
    for each in findings:
        those = {tools[key] for key in touched_entities(each.fix) if key in tools} if each.fix else set()
        more = {"managed_by": ", ".join(sorted(those))} if those else {}
        marked.append(replace(each, evidence={**each.evidence, **more}) if more else each)
    return marked


def _layers_not_seen(comparison: Comparison) -> tuple[str, ...]:
    """The policy layers that no decision of this audit could read."""
    if not any(each.actions for each in comparison.desired.policy_sets.values()):
        return ()
    from koding_audit.scan.required_actions import decide_required_actions  # noqa: PLC0415 - a file without actions does not need the evaluator

    return tuple(sorted({layer for each in decide_required_actions(comparison) for layer in each.decision.not_seen}))


def _blocked_rules(gap: Gap, chosen: Iterable[AuditRule]) -> tuple[str, ...]:
    return tuple(rule.id for rule in chosen if gap.fact in rule.facts)


def _not_checked_finding(gap: Gap, comparison: Comparison) -> Finding:
    kind, _, name = gap.subject.partition("/")
    fact = gap.fact.value
    kinds: dict[str, PrincipalKind] = {"user": "user", "group": "group", "role": "role"}
    if kind in kinds:
        name, _, policy = name.partition("/")  # of an inline policy's document
        subject = comparison.principal_arn(kinds[kind], name)
        about = f" of inline policy {policy} of {kind} {name}" if policy else f" of {kind} {name}"
        key = f"{fact}/{policy}" if policy else fact
    else:
        subject = comparison.account.root_arn
        about, key = (f" {gap.subject}", f"{fact}/{gap.subject}") if gap.subject else ("", fact)
    grant = f"; the caller needs {gap.permission}" if gap.permission else ""
    return Finding(
        rule=NOT_CHECKED,
        severity="error",
        subject=subject,
        key=key,
        message=f"{fact}{about} could not be read: {gap.call}: {gap.reason}{grant}",
        evidence={"fact": fact, "call": gap.call, "reason": gap.reason, "permission": gap.permission},
    )


def audit_after_fix(first: Audit, second: Audit, plan: Plan, journal: Journal) -> Audit:
    """The second audit, with the outcomes of the first one's findings.

    A finding that the second audit lacks is fixed; if the second could not read everything, only if its step was read
    back as done. One that it still has is failed, or pending if IAM accepted its step and does not show it yet.
    """
    outcomes = {step.finding: entry.outcome for step, entry in zip(plan.steps, journal.entries, strict=False)}
    remaining = {finding.id for finding in second.findings}
    gone = [each for each in first.findings if each.id not in remaining and each.rule != NOT_CHECKED]
    if second.gaps:
        gone = [each for each in gone if outcomes.get(each.id) == "done"]
    fixed = [replace(each, status="fixed", waiver=None) for each in gone]
    remaining_findings = [_with_step_outcome(each, outcomes.get(each.id)) for each in second.findings]
    return replace(second, findings=(*remaining_findings, *fixed), journal=journal)


def _with_step_outcome(finding: Finding, outcome: Outcome | None) -> Finding:
    """A finding of the second audit, with the outcome of its step; without a step it stays open or waived."""
    if outcome is None or outcome == "done":
        return finding
    return replace(finding, status="pending" if outcome in ("pending", "unknown", "started") else "failed")
