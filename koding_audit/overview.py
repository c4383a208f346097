"""What a report of many accounts comes to: how they stand, what each rule found, and which accounts are the worst."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator

from koding_audit.conclusion import reasons, sorts
from koding_audit.frozen import dataclass
from koding_audit.model import SEVERITIES, Audit, Finding, Report, RunStatus, Severity
from koding_audit.text import clipped
from koding_audit.verdict import Tally, stands, tallied

FEW = 20
"""Accounts that are shown one by one, each in full: as many as somebody reads in turn. More are summed up."""

FULL, LINES, FINDINGS = 5, 20, 20
"""Of a report that is summed up, what a text has room for: accounts in full, further ones in a line each, and findings
of an account.
"""

RULES = 100  # in a sum: more than there are, but a saved report may say anything
_LONGEST = 200  # characters of an example or an alias
_WORST: tuple[RunStatus, ...] = ("incomplete", "findings", "clean")


@dataclass(frozen=True, slots=True)
class Row:
    """An account in a line. place: that of its audit in the report; said: its counts, and why it is incomplete."""

    place: int
    account: str
    alias: str
    status: RunStatus
    said: str
    rank: tuple[tuple[int, ...], str]


@dataclass(frozen=True, slots=True)
class Found:
    """What stands of a rule's findings. severity: the worst; accounts: how many have any; example: an account's id and
    the message of a worst one.
    """

    rule: str
    severity: Severity
    findings: int
    accounts: int
    example: str


@dataclass(frozen=True, slots=True)
class Overview:
    """rules: the worst first; rows: of as many accounts as were asked for, the worst first: those that are incomplete,
    then by how many errors they have, warnings, and notes.
    """

    tally: Tally
    rules: tuple[Found, ...]
    rows: tuple[Row, ...]

    @property
    def worst(self) -> tuple[Row, ...]:
        """The rows of accounts that are not clean."""
        return tuple(each for each in self.rows if each.status != "clean")

    def beside(self, rows: tuple[Row, ...]) -> Counter[RunStatus]:
        """How many accounts are in none of these rows, by status."""
        return self.tally.statuses - Counter(each.status for each in rows)


def overview(report: Report, most: int) -> Overview:
    """One pass over the audits, of which a line is kept of the worst. most: how many rows there may be."""
    tally = Tally(report.fail_on)
    rules: dict[str, Found] = {}
    rows = heapq.nsmallest(most, _rows(report, tally, rules), key=lambda row: row.rank)
    ranked = sorted(rules.values(), key=lambda each: (SEVERITIES.index(each.severity), -each.findings, each.rule))
    return Overview(tally, tuple(ranked), tuple(rows))


def _rows(report: Report, tally: Tally, rules: dict[str, Found]) -> Iterator[Row]:
    """Of each account its row, once it is added up."""
    for place, audit in enumerate(report.audits):
        own = tallied([audit], report.fail_on)
        tally.join(own)
        for name, findings in _standing(audit).items():
            rules[name] = _added(rules.get(name), findings, audit)
        status = own.status()
        said = "; ".join([sorts(own), *reasons(own)])
        worst = (_WORST.index(status), *(-own.found[severity] for severity in SEVERITIES))
        yield Row(
            place,
            audit.account.id,
            clipped(audit.account.alias or "", _LONGEST),
            status,
            said,
            (worst, audit.account.id),
        )


def _standing(audit: Audit) -> dict[str, list[Finding]]:
    """What stands, by rule."""
    found: dict[str, list[Finding]] = {}
    for each in filter(stands, audit.findings):
        found.setdefault(each.rule, []).append(each)
    return found


def _added(before: Found | None, findings: list[Finding], audit: Audit) -> Found:
    worst = min(findings, key=lambda each: (SEVERITIES.index(each.severity), each.id))
    example = clipped(f"{audit.account.id}: {worst.message}", _LONGEST)
    if before is None:
        return Found(worst.rule, worst.severity, len(findings), 1, example)
    if SEVERITIES.index(before.severity) <= SEVERITIES.index(worst.severity):
        worst_severity, example = before.severity, before.example
    else:
        worst_severity = worst.severity
    return Found(before.rule, worst_severity, before.findings + len(findings), before.accounts + 1, example)
