"""The report for a person at a terminal: grouped by subject, with what is wrong, why it matters and how to fix it."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from koding_audit.arns import short_name
from koding_audit.conclusion import accepted, called, command, departed, judged, remedy, standing, totals
from koding_audit.frozen import dataclass, replace
from koding_audit.model import Advice, Audit, Baseline, Change, Entry, Finding, Problem, Report
from koding_audit.overview import FEW, FINDINGS, FULL, LINES, RULES, Found, Row, overview
from koding_audit.results import Unread, told_once, unread
from koding_audit.text import clipped, inert
from koding_audit.verdict import Tally, changes, not_written, tallied, tool_of
from koding_audit.words import ERRORS_TOLD, age, counted

Block = Sequence[tuple[str, ...]]
"""Rows that belong together. The last cell of a row is wrapped; those before it are short words of ours."""

_COLOURS: Mapping[str, str] = {"error": "31", "warning": "33", "note": "36", "fixed": "32"}
_INDENT = "  "
_NARROWEST = 20
_NAMES_SHOWN = 10
_LONGEST = 60  # characters of a rule's name, which a saved report may make up
_WHERE = "`--output jsonl` has all of them"


def render(report: Report, *, width: int = 80, color: bool = False) -> Iterator[str]:
    """width: columns to fill; a name that is longer runs over and stays whole, so that it can be copied.

    color: the severities in colour too; their words say the same without.
    """
    page = _Page(width, color, report)
    before = ""
    for section in page.of_many() if len(report.audits) > FEW else page.of_few():
        yield f"{before}{section}"
        before = "\n\n"
    yield "\n"


@dataclass(frozen=True, slots=True)
class _Page:
    """most: findings of an account, and writes, that are shown."""

    width: int
    color: bool
    report: Report
    most: int = sys.maxsize

    def of_few(self) -> Iterator[str]:
        tally = Tally(self.report.fail_on)
        for audit in self.report.audits:
            tally.add(audit)
            yield from self.audit(audit)
        if not self.report.audits:
            yield "No audit was possible."
        yield self.closing(tally, len(self.report.errors))

    def of_many(self) -> Iterator[str]:
        """The worst in full, some more in a line each, and the sums: at the end, where a terminal stays."""
        found = overview(self.report, FULL + LINES)
        page = replace(self, most=FINDINGS)
        for row in found.worst[:FULL]:
            yield from page.audit(self.report.audits[row.place])
        rows, left = found.worst[FULL:], found.beside(found.worst)
        if rows:
            blocks = [[(inert(each.account), each.status, _whose(each))] for each in rows]
            yield self.section("Other accounts, the worst first", blocks)
        if left and found.worst:
            yield self.section("", [[(f"And {counted(left.total(), 'more account')}: {standing(left)}. {_WHERE}.",)]])
        if self.report.errors:
            yield self.section("What went wrong", list(_problems(self.report.errors)))
        if found.rules:
            yield self.section("What was found", list(_rules(found.rules)))
        yield self.closing(found.tally, len(self.report.errors))

    def audit(self, audit: Audit) -> list[str]:
        """What was audited, the findings of each subject, what could not be read, and what was written."""
        sections = [self.section("", [[row] for row in _header(audit)]), *self.findings(audit)]
        if audit.baseline and audit.baseline.gone:
            sections.append(self.section("In the baseline, and not found any more", _gone(audit.baseline)))
        if audit.gaps:
            sections.append(self.section("Could not be read", [_gap(each) for each in unread(audit)]))
        if audit.journal:
            outcomes = Counter(each.outcome for each in audit.journal.entries)
            numbers = ", ".join(f"{outcomes[word]} {word}" for word in sorted(outcomes)) or "nothing to write"
            heading = f"Journal {inert(audit.journal.path)}: {numbers}"
            entries = not_written(audit)
            blocks = [[_entry(each)] for each in entries[: self.most]]
            sections.append(self.section(heading, [*blocks, *_more(len(entries) - len(blocks), "write")]))
        if len(self.report.audits) > 1:
            sections.append(self.closing(tallied([audit], self.report.fail_on)))
        return sections

    def findings(self, audit: Audit) -> list[str]:
        """A section for each subject, the worst first. All are laid out in one go: each table costs its start."""
        told = told_once(audit)
        shown = told[: self.most]
        options = changes(audit.findings, managed=True)
        blocks = [self.finding(each, options.get(each.id), audit) for each in shown]
        sections: dict[str, list[str]] = {}
        for finding, lines in zip(shown, self.layout(blocks), strict=True):
            lines[0] = self.painted(lines[0])
            sections.setdefault(finding.subject, self.heading(finding.subject)).extend(lines)
        more = [self.section("", each) for each in [_more(len(told) - len(shown), "finding")] if each]
        return [*("\n".join(lines) for lines in sections.values()), *more]

    def finding(self, finding: Finding, change: Change | None, audit: Audit) -> Block:
        advice = self.report.advice.get(finding.rule, Advice(""))
        rows = [("what", finding.message), ("why", f"{finding.rule}: {advice.why}" if advice.why else finding.rule)]
        if finding.status == "fixed":
            return [("fixed", *rows[0]), ("", *rows[1])]
        if finding.source:
            rows.append(("where", f"{finding.source.path}:{finding.source.line}:{finding.source.column}"))
        if finding.status == "failed":
            rows.append(("state", "its fix failed: see the journal"))
        elif finding.status == "pending":
            rows.append(("state", "its fix was accepted and is not visible yet: scan again in a few minutes"))
        elif finding.status == "waived":
            rows.append(("state", accepted(finding.waiver)))
        if finding.known:
            rows.append(("known", "it is in the baseline"))
        if finding.status in {"open", "failed"}:
            rows.append(("fix", remedy(change, advice.step, audit.source, tool_of(finding))))
        word = "waived" if finding.status == "waived" else finding.severity
        return [(word if index == 0 else "", *row) for index, row in enumerate(rows)]

    def heading(self, arn: str) -> list[str]:
        name, full = inert(short_name(arn)), inert(arn)
        one = f"{name} ({full})"
        return [one] if len(one) <= self.width else [name, f"{_INDENT}{full}"]

    def closing(self, tally: Tally, errors: int = 0) -> str:
        """The counts and the verdict, of one audit or of all."""
        many = tally.audits > FEW
        rows = [("Accounts", standing(tally.statuses))] if many else []
        rows += [("Summary", totals(tally))] if tally.audits else []
        rows += [("Baseline", each) for each in [departed(tally.gone)] if each]
        rows.append(("Result", judged(tally, errors)))
        closing = self.section("", [[row] for row in rows])
        if tally.audits > 1:
            return f"All {counted(tally.audits, 'account')}\n{closing}"
        offered = command(tally)
        # Not wrapped: half of a command that is copied would be another command.
        return f"To fix   {inert(offered)}\n{closing}" if offered else closing

    def section(self, heading: str, blocks: Sequence[Block]) -> str:
        """A heading with its rows beneath, indented; without heading the rows alone."""
        indent = _INDENT if heading else ""
        lines = [line for block in self.layout(blocks, indent) for line in block]
        return "\n".join([heading, *lines] if heading else lines)

    def layout(self, blocks: Sequence[Block], indent: str = _INDENT) -> list[list[str]]:
        """The lines of each block, in columns that all of them share."""
        from tabulate import tabulate  # noqa: PLC0415 - 50 ms that no other format must pay

        if not blocks:
            return []
        labels = [
            max(map(len, column)) for column in zip(*(row[:-1] for block in blocks for row in block), strict=True)
        ]
        room = max(self.width - len(indent) - sum(labels) - 2 * len(labels), _NARROWEST)
        wrapped = [[line for row in block for line in _wrapped(row, room)] for block in blocks]
        cells = [["\n".join(column) for column in zip(*block, strict=True)] for block in wrapped]
        lines = iter(tabulate(cells, tablefmt="plain", disable_numparse=True).split("\n"))
        return [[f"{indent}{next(lines)}".rstrip() for _ in block] for block in wrapped]

    def painted(self, line: str) -> str:
        word = line.split(maxsplit=1)[0]
        if not self.color or word not in _COLOURS:
            return line
        return line.replace(word, f"\x1b[{_COLOURS[word]}m{word}\x1b[0m", 1)


def _more(number: int, noun: str) -> Sequence[Block]:
    return [[("", f"and {counted(number, f'more {noun}')}. {_WHERE}.")]] if number > 0 else []


def _whose(row: Row) -> str:
    return f"{row.said} ({row.alias})" if row.alias else row.said


def _problems(errors: Sequence[Problem]) -> Iterator[Block]:
    for each in errors[:ERRORS_TOLD]:
        yield [("error", f"{each.message}; {each.hint}" if each.hint else each.message)]
    yield from _more(len(errors) - ERRORS_TOLD, "error")


def _rules(rules: Sequence[Found]) -> Iterator[Block]:
    """Of each rule how much it found, and where for example."""
    for each in rules[:RULES]:
        numbers = f"{each.findings:,} in {counted(each.accounts, 'account')}"
        yield [(each.severity, inert(clipped(each.rule, _LONGEST)), numbers), ("", "", each.example)]
    rest = len(rules) - RULES
    if rest > 0:
        yield [("", "", f"and {counted(rest, 'more rule')}. {_WHERE}.")]


def _wrapped(row: tuple[str, ...], room: int) -> list[tuple[str, ...]]:
    """The row as rows whose last cell fits; never an empty cell there, for tabulate would close the gap."""
    text = inert(row[-1]).strip() or "-"
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) if len(text) > room else [text]
    rest = ("",) * (len(row) - 1)
    return [(*(row[:-1] if index == 0 else rest), line) for index, line in enumerate(lines)]


def _header(audit: Audit) -> list[tuple[str, str]]:
    account = audit.account
    rows = [("Account", f"{account.id} ({account.alias})" if account.alias else account.id)]
    if audit.caller:
        rows.append(("Caller", audit.caller.arn + (", the root user" if audit.caller.root else "")))
    endpoint = f", at {audit.endpoint} (not AWS's own endpoint)" if audit.endpoint else ""
    rows.append(("Source", f"{audit.source}{endpoint}"))
    if audit.desired:
        rows.append(("Desired", ", ".join(file.path for file in audit.desired)))
    if audit.baseline:
        when = age(audit.baseline.taken_at, audit.taken_at)
        rows.append(("Baseline", f"{audit.baseline.file.path}, of an audit {when} before this one"))
    if audit.report_generated:
        made = age(audit.report_generated, audit.taken_at)
        rows.append(("Report", f"AWS made the credential report {made} before this audit"))
    if audit.not_seen:
        rows.append(("Unseen", f"{', '.join(sorted(audit.not_seen))}: what is decided leaves these out"))
    return rows


def _gone(baseline: Baseline) -> Sequence[Block]:
    more = len(baseline.gone) - _NAMES_SHOWN
    names = [*baseline.gone[:_NAMES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return [[(each,)] for each in names]


def _gap(gap: Unread) -> Block:
    rows = [(gap.fact, "call", f"{gap.call}: {gap.reason}")]
    if gap.subjects:
        more = len(gap.subjects) - _NAMES_SHOWN
        names = ", ".join(gap.subjects[:_NAMES_SHOWN])
        rows.append(("", "of", f"{names} and {more} more" if more > 0 else names))
    if gap.rules:
        rows.append(("", "blocks", ", ".join(gap.rules)))
    if gap.permission:
        rows.append(("", "grant", gap.permission))
    return rows


def _entry(entry: Entry) -> tuple[str, str]:
    return entry.outcome, f"{called(entry.action)}: {entry.detail}" if entry.detail else called(entry.action)
