"""Counts and exit statuses of audits and reports."""

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
    """The worst of all audits. A run with an error, or in which nothing was audited, is never clean."""
    found: set[RunStatus] = set()
    for audit in report.audits if not report.errors else ():
        found.add(audit_status(audit, report.fail_on))
        if "incomplete" in found:
            break
    return worst_status(found)


def worst_status(found: Collection[RunStatus]) -> RunStatus:
    """What statuses of audits come to; none is incomplete."""
    if not found or "incomplete" in found:
        return "incomplete"
    return "findings" if "findings" in found else "clean"


def audit_status(audit: Audit, fail_on: Severity) -> RunStatus:
    if (
        audit.gaps
        or unwritten_entries(audit)
        or any(_is_not_checked(each) or _is_unwritten(each) for each in audit.findings)
    ):
        return "incomplete"
    return "findings" if any(is_failing(each, fail_on) for each in audit.findings) else "clean"


def exit_status(report: Report, *, exit_zero: bool = False) -> int:
    """The process's exit status; exit_zero turns 1 into 0 and never 2."""
    status = EXIT_STATUS[report_status(report)]
    return 0 if exit_zero and status == 1 else status


class Tally:
    """What audits come to, added up one at a time: numbers alone, so that it is as small for many as for one.

    statuses: of the audits; found: how many findings of each sort, as in `summary`; known: how many of them are known;
    bad: how many stand at or above fail_on, known or not, and counted: those of them that are not; unread: facts that
    could not be read; unwritten: writes that did not come to what was planned; gone: of baselines; fixes: those that
    are still to be made, by what has to be allowed; files: of the desired state, each once, in their order.
    """

    def __init__(self, fail_on: Severity) -> None:
        self.fail_on = fail_on
        self.statuses: Counter[RunStatus] = Counter()
        self.category_counts = count_findings(())
        self.known = self.at_threshold = self.failing = self.unread = self.unwritten = self.resolved = 0
        self.fixes: Counter[Change] = Counter()
        self.files: dict[str, None] = {}
        self.embedded_source = ""

    @property
    def audits(self) -> int:
        return self.statuses.total()

    def add_audit(self, audit: Audit) -> RunStatus:
        """Add one up; its own status."""
        status = audit_status(audit, self.fail_on)
        self.statuses[status] += 1
        for sort, number in count_findings(audit.findings).items():
            self.category_counts[sort] += number
        self.known += sum(each.known for each in audit.findings)
        bad = [each for each in audit.findings if is_at_threshold(each, self.fail_on)]
        self.at_threshold += len(bad)
        self.failing += sum(is_failing(each, self.fail_on) for each in bad)
        self.unread += len(audit.gaps)
        self.unwritten += len(unwritten_entries(audit))
        self.resolved += len(audit.baseline.gone) if audit.baseline else 0
        self.fixes.update(needed_changes(audit.findings).values())
        self.files.update(dict.fromkeys(file.path for file in audit.desired))
        if find_source_traits(audit.source).is_embedded:
            self.embedded_source = audit.source.partition(":")[0]
        return status

    def merge(self, other: Tally) -> None:
        """Add up what others come to."""
        self.statuses.update(other.statuses)
        for sort, number in other.category_counts.items():
            self.category_counts[sort] += number
        for name in ("known", "at_threshold", "failing", "unread", "unwritten", "resolved"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.fixes.update(other.fixes)
        self.files.update(other.files)
        self.embedded_source = self.embedded_source or other.embedded_source

    def status(self, errors: int = 0) -> RunStatus:
        """The worst of all; errors: how many the run itself had."""
        return "incomplete" if errors else worst_status(self.statuses)


def tally_audits(audits: Iterable[Audit], fail_on: Severity) -> Tally:
    """What the audits come to."""
    tally = Tally(fail_on)
    for each in audits:
        tally.add_audit(each)
    return tally


def is_unresolved(finding: Finding) -> bool:
    """Whether it is still so: open, or its fix failed or is not visible yet."""
    return finding.status in {"open", "failed", "pending"}


def is_failing(finding: Finding, fail_on: Severity) -> bool:
    """Whether a finding stands, is at or above fail_on, and is not known from a baseline."""
    return is_at_threshold(finding, fail_on) and not finding.known


def is_at_threshold(finding: Finding, fail_on: Severity) -> bool:
    """Whether a finding, known or not, stands and is at or above fail_on."""
    return is_unresolved(finding) and SEVERITIES.index(finding.severity) <= SEVERITIES.index(fail_on)


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings of each sort; each is counted once, so that the sum is their number."""
    totals = dict.fromkeys((*SEVERITIES, "waived", "fixed", "not_checked"), 0)
    for each in findings:
        totals[_finding_category(each)] += 1
    return totals


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, the worst first, then by id."""
    return sorted(findings, key=lambda each: (SEVERITIES.index(each.severity), each.id))


def managing_tool(finding: Finding) -> str:
    """The tool that manages what the finding's fix would write, as the file names it; "" where --fix may write it."""
    return str(finding.evidence.get("managed_by", ""))


def needed_changes(findings: Iterable[Finding], *, managed: bool = False) -> dict[str, Change]:
    """What has to be allowed for each fix that is still to be made, by finding id.

    managed: also for those that are another tool's to make, and which --fix leaves alone. What is to be given to a
    group or user that is missing itself needs `--create` as well; where it is accepted that it is missing, nothing can
    be given.
    """
    findings = tuple(findings)
    forgone = {each.fix.entity for each in findings if each.status == "waived" and each.fix and each.change == "create"}
    to_make = (each for each in findings if each.status in {"open", "failed"})
    fixes = [
        (each.id, each.change, each.fix)
        for each in to_make
        if each.fix
        and each.change
        and forgone.isdisjoint(_group_and_user_keys(each.fix))
        and (managed or not managing_tool(each))
    ]
    created = {fix.entity for _, change, fix in fixes if change == "create"}
    return {
        name: "create" if change == "add" and not created.isdisjoint(_group_and_user_keys(fix)) else change
        for name, change, fix in fixes
    }


def unwritten_entries(audit: Audit) -> tuple[Entry, ...]:
    """The journal's entries that did not come to what the plan wanted: failed, pending, unknown, or kept from it."""
    return unsettled_entries(audit.journal.entries) if audit.journal else ()


def unsettled_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(each for each in entries if not _is_settled(each))


def gaps_with_rules(audit: Audit) -> list[tuple[Gap, tuple[str, ...]]]:
    """Each gap with the rules that it kept from being checked, in an order of its own: reads end in any."""
    rules = dict(enumerate(audit.blocked_rules))
    gaps = [(gap, rules.get(index, ())) for index, gap in enumerate(audit.gaps)]
    return sorted(gaps, key=lambda each: (each[0].fact.value, each[0].subject, each[0].call, each[0].reason))


def _group_and_user_keys(action: Action) -> set[EntityKey]:
    """Every group and user that an action names."""
    kinds: tuple[tuple[PrincipalKind, str], ...] = (("group", "GroupName"), ("user", "UserName"))
    return {principal_key(kind, action.parameters[name]) for kind, name in kinds if name in action.parameters}


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
