"""What a report tells, as one list for formats that know nothing but results: errors, writes, gaps and findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from koding_audit.model.arn import subject_label
from koding_audit.model.finding import NOT_CHECKED, SEVERITIES, Advice, Finding, FindingStatus, Severity
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.plan import Entry
from koding_audit.model.query import Gap
from koding_audit.model.report import Audit, Problem, Report
from koding_audit.report.status import (
    gaps_with_rules,
    is_failing,
    is_unresolved,
    managing_tool,
    needed_changes,
    sort_findings,
    unwritten_entries,
)
from koding_audit.report.wording import action_text, remedy_text, waiver_text

RUN_ERROR = "run-error"
NOT_WRITTEN = "not-written"


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that a report tells.

    kind: a finding; a gap that no finding tells; a write that did not come to what the plan wanted; or an error of the
    run itself.
    rule: of a finding its rule; of the others `not-checked`, `not-written`, `run-error`.
    verdict: what it means for the run: it makes it `incomplete`, it counts (`fails`), or neither (`passes`).
    place: the line that asks for it, or None; file: where formats that need a place point without one: the first
    desired-state file, or "". account: its id, "" for an error of the run; todo: what to do about it, until when and by
    whom it is accepted, or "". known: it is in the baseline as well.
    whose: the account's id, where the report is of several.
    """

    kind: Literal["finding", "gap", "write", "error"]
    id: str
    rule: str
    severity: Severity
    status: FindingStatus
    effect: Literal["passes", "fails", "incomplete"]
    account: str
    subject: str
    message: str
    todo: str
    location: Location | None
    file: str
    finding: Finding | None = None
    known: bool = False
    shown_account: str = ""

    @property
    def rank(self) -> int:
        """0: it stands; 1: it stands, and makes nothing fail, for it is known; 2: it is fixed or waived."""
        return 2 if self.status in {"fixed", "waived"} else int(self.known and self.effect == "passes")

    @property
    def line(self) -> str:
        """The message and what to do about it, and of several accounts which one, for formats that show no more."""
        said = f"{self.message}; {self.todo}" if self.todo else self.message
        return f"account {self.shown_account}: {said}" if self.shown_account else said

    @property
    def title(self) -> str:
        """`policy-missing: group Developers`; without the name of a person or group where it is about the run."""
        return f"{self.rule}: {subject_label(self.subject)}" if self.subject else self.rule


def report_results(report: Report) -> Iterator[Result]:
    """Everything that the report tells: errors of the run first, then account by account.

    A report of an incomplete run has at least one that says so.
    """
    yield from run_error_results(report)
    for audit in report.audits:
        yield from audit_results(audit, report)


def run_error_results(report: Report) -> Iterator[Result]:
    """What went wrong with the run itself; where nothing was audited, at least that."""
    problems = report.errors if report.audits else report.errors or (Problem("no audit was possible"),)
    if problems:
        file = next((file.path for audit in report.audits for file in audit.desired), "")
        yield from (_error_result(each, file) for each in problems)


def audit_results(audit: Audit, report: Report) -> list[Result]:
    """What one of its audits tells: writes, gaps that no finding tells, findings."""
    told = [
        *(_write_result(each, audit) for each in unwritten_entries(audit)),
        *(_gap_result(gap, audit) for gap in gaps_without_finding(audit)),
        *_finding_results(audit, report),
    ]
    return told if len(report.audits) < 2 else [replace(each, shown_account=audit.account.id) for each in told]


def results_by_severity(report: Report) -> Iterator[Result]:
    """Everything that the report tells, by severity; of one severity in the order in which they are.

    The audits are gone through once for each severity that there is: to sort them, all would have to be held.
    """
    there = set(SEVERITIES[:1])
    for severity in SEVERITIES:
        if severity in there:
            for each in report_results(report):
                there.add(each.severity)
                if each.severity == severity:
                    yield each


def gaps_without_finding(audit: Audit) -> list[Gap]:
    """The gaps that no finding tells."""
    told = {unread_fact_call(each) for each in audit.findings if each.rule == NOT_CHECKED}
    return [gap for gap, _ in gaps_with_rules(audit) if (gap.fact.value, gap.call) not in told]


@dataclass(frozen=True, slots=True)
class GapGroup:
    """What could not be read in one way, for one reason: of whom, and the rules that could not answer."""

    fact: str
    call: str
    reason: str
    permission: str
    rules: tuple[str, ...]
    subjects: tuple[str, ...]


def group_gaps(audit: Audit) -> list[GapGroup]:
    """The gaps, with those put together that differ in their subject only."""
    same: dict[tuple[str, str, str, str, tuple[str, ...]], list[str]] = {}
    for gap, rules in gaps_with_rules(audit):
        same.setdefault((gap.fact.value, gap.call, gap.reason, gap.permission, rules), []).append(gap.subject)
    return [GapGroup(*key, tuple(filter(None, subjects))) for key, subjects in same.items()]


def findings_to_show(audit: Audit) -> list[Finding]:
    """The findings that stand, then those of them that are known, then the others.

    Without those that only say what could not be read.
    """
    told = {(gap.fact.value, gap.call) for gap in audit.gaps}
    findings = sorted(sort_findings(audit.findings), key=lambda each: (not is_unresolved(each), each.known))
    return [each for each in findings if each.rule != NOT_CHECKED or unread_fact_call(each) not in told]


def unread_fact_call(finding: Finding) -> tuple[str, str]:
    """Which fact a not-checked finding is about, and the call that should have told it."""
    return str(finding.evidence.get("fact")), str(finding.evidence.get("call"))


def _finding_results(audit: Audit, report: Report) -> Iterator[Result]:
    options = needed_changes(audit.findings, managed=True)
    for each in sort_findings(audit.findings):
        step = report.advice.get(each.rule, Advice("")).step
        stands_open = each.status in {"open", "failed"}
        todo = remedy_text(options.get(each.id), step, audit.source, managing_tool(each)) if stands_open else ""
        incomplete = each.rule == NOT_CHECKED and is_unresolved(each)
        fails = is_failing(each, report.fail_on) or each.status in {"failed", "pending"}
        yield Result(
            kind="finding",
            id=each.id,
            rule=each.rule,
            severity=each.severity,
            status=each.status,
            effect="incomplete" if incomplete else "fails" if fails else "passes",
            account=audit.account.id,
            subject=each.subject,
            message=each.message,
            todo=waiver_text(each.waiver) if each.status == "waived" else todo,
            location=each.location,
            file=_first_path(audit.desired),
            finding=each,
            known=each.known,
        )


def _gap_result(gap: Gap, audit: Audit) -> Result:
    whose = f" of {gap.subject}" if gap.subject else ""
    about = "/".join(part for part in (audit.account.root_arn, gap.subject, gap.fact.value, gap.call) if part)
    return Result(
        kind="gap",
        id=f"{NOT_CHECKED}/{about}",
        rule=NOT_CHECKED,
        severity="error",
        status="open",
        effect="incomplete",
        account=audit.account.id,
        subject=gap.subject or audit.account.root_arn,
        message=f"{gap.fact.value}{whose} could not be read: {gap.call}: {gap.reason}",
        todo=f"grant the caller {gap.permission}" if gap.permission else "",
        location=None,
        file=_first_path(audit.desired),
    )


def _write_result(entry: Entry, audit: Audit) -> Result:
    said = action_text(entry.action)
    return Result(
        kind="write",
        id=f"{NOT_WRITTEN}/{audit.account.root_arn}/{said}",
        rule=NOT_WRITTEN,
        severity="error",
        status="pending" if entry.outcome == "pending" else "failed",
        effect="incomplete",
        account=audit.account.id,
        subject=audit.account.root_arn,
        message=f"{said}: {entry.outcome}" + (f": {entry.detail}" if entry.detail else ""),
        todo="scan again: it shows what the account is now",
        location=None,
        file=_first_path(audit.desired),
    )


def _error_result(problem: Problem, file: str) -> Result:
    return Result(
        kind="error",
        id=f"{RUN_ERROR}/{problem.message}",
        rule=RUN_ERROR,
        severity="error",
        status="open",
        effect="incomplete",
        account="",
        subject="",
        message=problem.message,
        todo=problem.hint,
        location=problem.location,
        file=file,
    )


def _first_path(files: tuple[SourceFile, ...]) -> str:
    return files[0].path if files else ""
