"""Turns a report into one list of results for the formats: errors, unfinished writes, gaps and findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from koding_audit.model.arn import subject_label
from koding_audit.model.finding import NOT_CHECKED, SEVERITIES, Advice, Finding, FindingStatus, Severity
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.plan import Entry
from koding_audit.model.query import Gap
from koding_audit.model.report import Audit, AuditNote, Problem, Report
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
AUDIT_NOTE = "audit-note"


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a report.

    kind: a finding, a gap without a finding, a write that failed or is unverified, a note on how the account was read,
        or an error of the run itself
    id: stable between runs
    rule: the finding's rule; for other kinds `not-checked`, `not-written`, `audit-note` or `run-error`
    severity: `error`, `warning` or `note`
    status: of a finding; for other kinds `open`, `pending` or `failed`
    effect: whether it makes the run `incomplete`, makes it fail (`fails`), or neither (`passes`)
    account: the account's id, "" for an error of the run
    subject: an ARN or `user/NAME`, "" for an error of the run
    message: what is wrong
    todo: what to do about it, or until when and by whom it is waived, or ""
    location: the line that declares it, or None
    file: for formats that need a file: the first desired-state file, or ""
    finding: the finding, None for other kinds
    known: whether it is in the baseline
    shown_account: the account's id if the report has several accounts, otherwise ""
    """

    kind: Literal["finding", "gap", "write", "note", "error"]
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
        """Returns 0 for an open result, 1 for one that is known and does not fail the run, 2 for fixed or waived."""
        return 2 if self.status in {"fixed", "waived"} else int(self.known and self.effect == "passes")

    @property
    def line(self) -> str:
        """Returns account, message and remedy in one line, for formats with only one text."""
        text = f"{self.message}; {self.todo}" if self.todo else self.message
        return f"account {self.shown_account}: {text}" if self.shown_account else text

    @property
    def title(self) -> str:
        """Returns `policy-missing: group Developers`, or only the rule for a result about the run."""
        return f"{self.rule}: {subject_label(self.subject)}" if self.subject else self.rule


def report_results(report: Report) -> Iterator[Result]:
    """Yields all results of a report: errors of the run first, then account by account.

    An incomplete run has at least one result whose effect is `incomplete`.
    """
    yield from run_error_results(report)
    for audit in report.audits:
        yield from audit_results(audit, report)


def run_error_results(report: Report) -> Iterator[Result]:
    """Yields the errors of the run itself; if no account was audited, at least one."""
    problems = report.errors if report.audits else report.errors or (Problem("no audit was possible"),)
    if problems:
        file = next((file.path for audit in report.audits for file in audit.desired), "")
        yield from (_error_result(each, file) for each in problems)


def audit_results(audit: Audit, report: Report) -> list[Result]:
    """Returns the results of one audit: unfinished writes, gaps without a finding, findings, notes."""
    results = [
        *(_write_result(each, audit) for each in unwritten_entries(audit)),
        *(_gap_result(gap, audit) for gap in gaps_without_finding(audit)),
        *_finding_results(audit, report),
        *(_note_result(each, audit) for each in audit.notes),
    ]
    return results if len(report.audits) < 2 else [replace(each, shown_account=audit.account.id) for each in results]


def results_by_severity(report: Report) -> Iterator[Result]:
    """Yields all results of a report by severity, and in the report's order within a severity.

    It reads the audits once for each severity, because sorting them would need all of them in memory.
    """
    present = set(SEVERITIES[:1])
    for severity in SEVERITIES:
        if severity in present:
            for each in report_results(report):
                present.add(each.severity)
                if each.severity == severity:
                    yield each


def gaps_without_finding(audit: Audit) -> list[Gap]:
    """Returns the gaps without a `not-checked` finding."""
    reported = {unread_fact_call(each) for each in audit.findings if each.rule == NOT_CHECKED}
    return [gap for gap, _ in gaps_with_rules(audit) if (gap.fact.value, gap.call) not in reported]


@dataclass(frozen=True, slots=True)
class GapGroup:
    """Gaps that differ in their subject only.

    fact, call, reason, permission: as of a Gap
    rules: the rules that could not be checked
    subjects: whom the gaps are about, without the account
    """

    fact: str
    call: str
    reason: str
    permission: str
    rules: tuple[str, ...]
    subjects: tuple[str, ...]


def group_gaps(audit: Audit) -> list[GapGroup]:
    """Returns the gaps of an audit, grouped if they differ in their subject only."""
    same: dict[tuple[str, str, str, str, tuple[str, ...]], list[str]] = {}
    for gap, rules in gaps_with_rules(audit):
        same.setdefault((gap.fact.value, gap.call, gap.reason, gap.permission, rules), []).append(gap.subject)
    return [GapGroup(*key, tuple(filter(None, subjects))) for key, subjects in same.items()]


def findings_to_show(audit: Audit) -> list[Finding]:
    """Returns the findings of an audit: open ones first, then known ones, then fixed and waived ones.

    It leaves out `not-checked` findings of a gap, which the formats show as a gap.
    """
    gaps = {(gap.fact.value, gap.call) for gap in audit.gaps}
    findings = sorted(sort_findings(audit.findings), key=lambda each: (not is_unresolved(each), each.known))
    return [each for each in findings if each.rule != NOT_CHECKED or unread_fact_call(each) not in gaps]


def unread_fact_call(finding: Finding) -> tuple[str, str]:
    """Returns the fact that a `not-checked` finding is about, and the call that failed."""
    return str(finding.evidence.get("fact")), str(finding.evidence.get("call"))


def _finding_results(audit: Audit, report: Report) -> Iterator[Result]:
    options = needed_changes(audit.findings, managed=True)
    file = _first_path(audit.desired)
    for each in sort_findings(audit.findings):
        step = report.advice.get(each.rule, Advice("")).step
        needs_remedy = each.status in {"open", "failed"}
        todo = remedy_text(options.get(each.id), step, audit.source, managing_tool(each)) if needs_remedy else ""
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
            file=file,
            finding=each,
            known=each.known,
        )


def _gap_result(gap: Gap, audit: Audit) -> Result:
    subject = f" of {gap.subject}" if gap.subject else ""
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
        message=f"{gap.fact.value}{subject} could not be read: {gap.call}: {gap.reason}",
        todo=f"grant the caller {gap.permission}" if gap.permission else "",
        location=None,
        file=_first_path(audit.desired),
    )


def _write_result(entry: Entry, audit: Audit) -> Result:
    action = action_text(entry.action)
    return Result(
        kind="write",
        id=f"{NOT_WRITTEN}/{audit.account.root_arn}/{action}",
        rule=NOT_WRITTEN,
        severity="error",
        status="pending" if entry.outcome == "pending" else "failed",
        effect="incomplete",
        account=audit.account.id,
        subject=audit.account.root_arn,
        message=f"{action}: {entry.outcome}" + (f": {entry.detail}" if entry.detail else ""),
        todo="scan again to see the current state of the account",
        location=None,
        file=_first_path(audit.desired),
    )


def _note_result(note: AuditNote, audit: Audit) -> Result:
    return Result(
        kind="note",
        id=f"{AUDIT_NOTE}/{audit.account.root_arn}/{note.topic}",
        rule=AUDIT_NOTE,
        severity="note",
        status="open",
        effect="passes",
        account=audit.account.id,
        subject=audit.account.root_arn,
        message=note.message,
        todo=note.hint,
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
