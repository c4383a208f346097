"""What a report of many accounts comes to: how they stand, what each rule found, and which accounts are the worst."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator

from koding_audit.io.text import clip_text
from koding_audit.model.finding import SEVERITIES, Finding, Severity
from koding_audit.model.frozen import dataclass
from koding_audit.model.report import Audit, Report, RunStatus
from koding_audit.report.status import Tally, is_unresolved, tally_audits
from koding_audit.report.wording import counts_text, incomplete_reasons

FEW_ACCOUNTS = 20
"""Accounts that are shown one by one, each in full: as many as somebody reads in turn. More are summed up."""

ACCOUNTS_IN_FULL, ACCOUNT_LINES, FINDINGS_PER_ACCOUNT = 5, 20, 20
"""Of a report that is summed up, what a text has room for: accounts in full, further ones in a line each, and findings
of an account.
"""

RULES_SHOWN = 100  # in a sum: more than there are, but a saved report may say anything
_LONGEST = 200  # characters of an example or an alias
_WORST: tuple[RunStatus, ...] = ("incomplete", "findings", "clean")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account in a line. place: that of its audit in the report; said: its counts, and why it is incomplete."""

    audit_index: int
    account: str
    alias: str
    status: RunStatus
    counts_and_reasons: str
    rank: tuple[tuple[int, ...], str]


@dataclass(frozen=True, slots=True)
class RuleTotals:
    """What stands of a rule's findings. severity: the worst; accounts: how many have any; example: an account's id and
    the message of a worst one.
    """

    rule: str
    severity: Severity
    findings: int
    accounts: int
    example: str


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """rules: the worst first; rows: of as many accounts as were asked for, the worst first: those that are incomplete,
    then by how many errors they have, warnings, and notes.
    """

    tally: Tally
    rules: tuple[RuleTotals, ...]
    rows: tuple[AccountRow, ...]

    @property
    def unclean_rows(self) -> tuple[AccountRow, ...]:
        """The rows of accounts that are not clean."""
        return tuple(each for each in self.rows if each.status != "clean")

    def count_others(self, rows: tuple[AccountRow, ...]) -> Counter[RunStatus]:
        """How many accounts are in none of these rows, by status."""
        return self.tally.statuses - Counter(each.status for each in rows)


def summarize_report(report: Report, most: int) -> ReportSummary:
    """One pass over the audits, of which a line is kept of the worst. most: how many rows there may be."""
    tally = Tally(report.fail_on)
    rules: dict[str, RuleTotals] = {}
    rows = heapq.nsmallest(most, _account_rows(report, tally, rules), key=lambda row: row.rank)
    ranked = sorted(rules.values(), key=lambda each: (SEVERITIES.index(each.severity), -each.findings, each.rule))
    return ReportSummary(tally, tuple(ranked), tuple(rows))


def _account_rows(report: Report, tally: Tally, rules: dict[str, RuleTotals]) -> Iterator[AccountRow]:
    """Of each account its row, once it is added up."""
    for place, audit in enumerate(report.audits):
        own = tally_audits([audit], report.fail_on)
        tally.merge(own)
        for name, findings in _unresolved_by_rule(audit).items():
            rules[name] = _add_to_totals(rules.get(name), findings, audit)
        status = own.status()
        said = "; ".join([counts_text(own), *incomplete_reasons(own)])
        worst = (_WORST.index(status), *(-own.category_counts[severity] for severity in SEVERITIES))
        yield AccountRow(
            place,
            audit.account.id,
            clip_text(audit.account.alias or "", _LONGEST),
            status,
            said,
            (worst, audit.account.id),
        )


def _unresolved_by_rule(audit: Audit) -> dict[str, list[Finding]]:
    """What stands, by rule."""
    found: dict[str, list[Finding]] = {}
    for each in filter(is_unresolved, audit.findings):
        found.setdefault(each.rule, []).append(each)
    return found


def _add_to_totals(before: RuleTotals | None, findings: list[Finding], audit: Audit) -> RuleTotals:
    worst = min(findings, key=lambda each: (SEVERITIES.index(each.severity), each.id))
    example = clip_text(f"{audit.account.id}: {worst.message}", _LONGEST)
    if before is None:
        return RuleTotals(worst.rule, worst.severity, len(findings), 1, example)
    if SEVERITIES.index(before.severity) <= SEVERITIES.index(worst.severity):
        worst_severity, example = before.severity, before.example
    else:
        worst_severity = worst.severity
    return RuleTotals(before.rule, worst_severity, before.findings + len(findings), before.accounts + 1, example)
