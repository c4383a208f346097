"""Summarizes a report of many accounts: their statuses, the findings of each rule, and the accounts with most."""

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
"""Up to this many accounts, a report shows each in full; a report of more accounts is summarized."""

ACCOUNTS_IN_FULL, ACCOUNT_LINES, FINDINGS_PER_ACCOUNT = 5, 20, 20
"""How much of a summarized report a text shows: accounts in full, further accounts as one line, findings an account."""

RULES_SHOWN = 100  # more than exist; a saved report can name any number of rules
_LONGEST = 200  # characters of an example or an alias
_WORST: tuple[RunStatus, ...] = ("incomplete", "findings", "clean")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as one line of a summary.

    audit_index: of its audit in the report
    account: its id
    alias: its alias, or ""
    status: of its audit
    counts_and_reasons: its counts, and why it is incomplete
    rank: for sorting, worst first
    """

    audit_index: int
    account: str
    alias: str
    status: RunStatus
    counts_and_reasons: str
    rank: tuple[tuple[int, ...], str]


@dataclass(frozen=True, slots=True)
class RuleTotals:
    """The open findings of a rule.

    rule: the rule's id
    severity: the worst of the findings
    findings: how many
    accounts: how many accounts have any
    example: an account's id, and the message of a finding with the worst severity
    """

    rule: str
    severity: Severity
    findings: int
    accounts: int
    example: str


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """The summary of a report.

    tally: the counts of all accounts
    rules: the findings of each rule, most severe first
    rows: accounts, incomplete ones first, then by their numbers of errors, warnings and notes
    """

    tally: Tally
    rules: tuple[RuleTotals, ...]
    rows: tuple[AccountRow, ...]

    @property
    def unclean_rows(self) -> tuple[AccountRow, ...]:
        """Returns the rows of accounts that are not clean."""
        return tuple(each for each in self.rows if each.status != "clean")

    def count_others(self, rows: tuple[AccountRow, ...]) -> Counter[RunStatus]:
        """Returns how many accounts are in none of these rows, by status."""
        return self.tally.statuses - Counter(each.status for each in rows)


def summarize_report(report: Report, most: int) -> ReportSummary:
    """Returns the summary of a report, in one pass over its audits. most: the number of rows."""
    tally = Tally(report.fail_on)
    rules: dict[str, RuleTotals] = {}
    rows = heapq.nsmallest(most, _account_rows(report, tally, rules), key=lambda row: row.rank)
    ranked = sorted(rules.values(), key=lambda each: (SEVERITIES.index(each.severity), -each.findings, each.rule))
    return ReportSummary(tally, tuple(ranked), tuple(rows))


def _account_rows(report: Report, tally: Tally, rules: dict[str, RuleTotals]) -> Iterator[AccountRow]:
    """Yields the row of each account, and adds its counts to the tally and the rules."""
    for index, audit in enumerate(report.audits):
        own = tally_audits([audit], report.fail_on)
        tally.merge(own)
        for name, findings in _unresolved_by_rule(audit).items():
            rules[name] = _add_to_totals(rules.get(name), findings, audit)
        status = own.status()
        counts_and_reasons = "; ".join([counts_text(own), *incomplete_reasons(own)])
        worst = (_WORST.index(status), *(-own.category_counts[severity] for severity in SEVERITIES))
        yield AccountRow(
            index,
            audit.account.id,
            clip_text(audit.account.alias or "", _LONGEST),
            status,
            counts_and_reasons,
            (worst, audit.account.id),
        )


def _unresolved_by_rule(audit: Audit) -> dict[str, list[Finding]]:
    """Returns the open findings of an audit by rule."""
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
