"""Computes the status, the exit status and the counts of audits and reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from koding_audit.model.account import EntityKey, PrincipalKind, principal_key
from koding_audit.model.finding import NOT_CHECKED, SEVERITIES, Action, Change, Finding, Severity
from koding_audit.model.plan import ALREADY_DONE, Entry
from koding_audit.model.query import Gap
from koding_audit.model.report import Audit, Report, RunStatus
from koding_audit.model.traits import find_source_traits

EXIT_STATUS: Mapping[RunStatus, int] = {"clean": 0, "findings": 1, "incomplete": 2}


def report_status(report: Report) -> RunStatus:
    """Returns the worst status of all audits; a run with an error, or without any audit, is incomplete."""
    found: set[RunStatus] = set()
    for audit in report.audits if not report.errors else ():
        found.add(audit_status(audit, report.fail_on))
        if "incomplete" in found:
            break
    return worst_status(found)


def worst_status(found: Collection[RunStatus]) -> RunStatus:
    """Returns the worst of the statuses; without any status, incomplete."""
    if not found or "incomplete" in found:
        return "incomplete"
    return "findings" if "findings" in found else "clean"


def audit_status(audit: Audit, fail_on: Severity) -> RunStatus:
    """Returns the status of one audit. fail_on: the lowest severity that counts."""
    if (
        audit.gaps
        or unwritten_entries(audit)
        or any(_is_not_checked(each) or _is_unwritten(each) for each in audit.findings)
    ):
        return "incomplete"
    return "findings" if any(is_failing(each, fail_on) for each in audit.findings) else "clean"


def exit_status(report: Report, *, exit_zero: bool = False) -> int:
    """Returns the exit status of the process. exit_zero: return 0 in place of 1, but never in place of 2."""
    status = EXIT_STATUS[report_status(report)]
    return 0 if exit_zero and status == 1 else status


class Tally:
    """The counts of audits, added one audit at a time; its size does not grow with the number of audits.

    fail_on: the lowest severity that counts
    statuses: of the audits
    category_counts: findings of each category, as in a report's `summary`
    known: findings that are in the baseline
    at_threshold: open findings at or above fail_on
    failing: those of them that are not known
    unread: facts that could not be read
    unwritten: writes that failed or are unverified
    resolved: findings of baselines that are gone
    noted: audits with notes
    fixes: open findings with a fix, by what has to be allowed
    files: the desired-state files, each once, in their order
    is_demo: whether any audit is of the demo account
    """

    def __init__(self, fail_on: Severity) -> None:
        self.fail_on = fail_on
        self.statuses: Counter[RunStatus] = Counter()
        self.category_counts = count_findings(())
        self.known = self.at_threshold = self.failing = self.unread = self.unwritten = self.resolved = self.noted = 0
        self.fixes: Counter[Change] = Counter()
        self.files: dict[str, None] = {}
        self.embedded_source = ""

    @property
    def audits(self) -> int:
        """Returns the number of audits."""
        return self.statuses.total()

    def add_audit(self, audit: Audit) -> RunStatus:
        """Adds an audit and returns its status."""
        status = audit_status(audit, self.fail_on)
        self.statuses[status] += 1
        for category, number in count_findings(audit.findings).items():
            self.category_counts[category] += number
        self.known += sum(each.known for each in audit.findings)
        at_threshold = [each for each in audit.findings if is_at_threshold(each, self.fail_on)]
        self.at_threshold += len(at_threshold)
        self.failing += sum(not each.known for each in at_threshold)
        self.unread += len(audit.gaps)
        self.unwritten += len(unwritten_entries(audit))
        self.resolved += len(audit.baseline.gone) if audit.baseline else 0
        self.noted += bool(audit.notes)
        self.fixes.update(needed_changes(audit.findings).values())
        self.files.update(dict.fromkeys(file.path for file in audit.desired))
        if find_source_traits(audit.source).is_embedded:
            self.embedded_source = audit.source.partition(":")[0]
        return status

    def merge(self, other: Tally) -> None:
        """Adds the counts of another tally."""
        self.statuses.update(other.statuses)
        for category, number in other.category_counts.items():
            self.category_counts[category] += number
        for name in ("known", "at_threshold", "failing", "unread", "unwritten", "resolved", "noted"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.fixes.update(other.fixes)
        self.files.update(other.files)
        self.embedded_source = self.embedded_source or other.embedded_source

    def status(self, errors: int = 0) -> RunStatus:
        """Returns the worst status of the audits. errors: how many the run itself had."""
        return "incomplete" if errors else worst_status(self.statuses)


def tally_audits(audits: Iterable[Audit], fail_on: Severity) -> Tally:
    """Returns the counts of audits."""
    tally = Tally(fail_on)
    for each in audits:
        tally.add_audit(each)
    return tally


def is_unresolved(finding: Finding) -> bool:
    """Whether a finding is open, or its fix failed or is not visible yet."""
    return finding.status in {"open", "failed", "pending"}


def is_failing(finding: Finding, fail_on: Severity) -> bool:
    """Whether a finding is unresolved, at or above fail_on, and not known from a baseline."""
    return is_at_threshold(finding, fail_on) and not finding.known


def is_at_threshold(finding: Finding, fail_on: Severity) -> bool:
    """Whether a finding, known or not, is unresolved and at or above fail_on."""
    return is_unresolved(finding) and SEVERITIES.index(finding.severity) <= SEVERITIES.index(fail_on)


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """Returns how many findings each category has; each finding is counted once."""
    totals = dict.fromkeys((*SEVERITIES, "waived", "fixed", "not_checked"), 0)
    for each in findings:
        totals[_finding_category(each)] += 1
    return totals


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Returns findings by severity, the worst first, then by id."""
    return sorted(findings, key=lambda each: (SEVERITIES.index(each.severity), each.id))


def managing_tool(finding: Finding) -> str:
    """Returns the tool that manages what a finding's fix would change, as the file names it; "" if --fix may."""
    return str(finding.evidence.get("managed_by", ""))


def needed_changes(findings: Iterable[Finding], *, managed: bool = False) -> dict[str, Change]:
    """Returns what has to be allowed for each fix that is still open, by finding id.

    A fix for a group or user that is missing itself also needs `--create`. If it is waived that the group or user is
    missing, there is no fix.

    managed: include fixes of subjects that another tool manages, which --fix does not change
    """
    fixes = [(each, each.change, each.fix) for each in findings if each.fix]
    waived = {fix.entity for each, change, fix in fixes if each.status == "waived" and change == "create"}
    candidates = [
        (each.id, change, fix)
        for each, change, fix in fixes
        if change
        and each.status in {"open", "failed"}
        and not (waived and _names_one_of(fix, waived))
        and (managed or not managing_tool(each))
    ]
    created = {fix.entity for _, change, fix in candidates if change == "create"}
    return {
        name: "create" if created and change == "add" and _names_one_of(fix, created) else change
        for name, change, fix in candidates
    }


def unwritten_entries(audit: Audit) -> tuple[Entry, ...]:
    """Returns the journal's entries that are not settled: failed, pending, unknown, or skipped for another reason
    than that the change exists already.
    """
    return unsettled_entries(audit.journal.entries) if audit.journal else ()


def unsettled_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Returns the entries that are neither done nor skipped because the change exists already."""
    return tuple(each for each in entries if not _is_settled(each))


def gaps_with_rules(audit: Audit) -> list[tuple[Gap, tuple[str, ...]]]:
    """Returns each gap with the rules that it blocks, sorted, because parallel reads end in any order."""
    rules = dict(enumerate(audit.blocked_rules))
    gaps = [(gap, rules.get(index, ())) for index, gap in enumerate(audit.gaps)]
    return sorted(gaps, key=lambda each: (each[0].fact.value, each[0].subject, each[0].call, each[0].reason))


def _names_one_of(action: Action, keys: Collection[EntityKey]) -> bool:
    """Whether an action names one of these groups and users."""
    kinds: tuple[tuple[PrincipalKind, str], ...] = (("group", "GroupName"), ("user", "UserName"))
    return any(
        principal_key(kind, action.parameters[name]) in keys for kind, name in kinds if name in action.parameters
    )


def _is_settled(entry: Entry) -> bool:
    return entry.outcome == "done" or (entry.outcome == "skipped" and entry.detail in ALREADY_DONE)


def _is_not_checked(finding: Finding) -> bool:
    return finding.rule == NOT_CHECKED and is_unresolved(finding)


def _is_unwritten(finding: Finding) -> bool:
    return finding.status in {"failed", "pending"}


def _finding_category(finding: Finding) -> str:
    if finding.status in {"waived", "fixed"}:
        return finding.status
    return "not_checked" if _is_not_checked(finding) else finding.severity
