"""The report for a terminal: findings by subject, each with what is wrong, why it matters and how to fix it."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from koding_audit.io.text import MAX_ERRORS_SHOWN, clip_text, escape, format_age, pluralize
from koding_audit.model.arn import subject_label
from koding_audit.model.finding import Advice, Change, Finding
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.plan import Entry
from koding_audit.model.report import Audit, Baseline, Problem, Report, SkippedAccount
from koding_audit.report.results import GapGroup, findings_to_show, group_gaps
from koding_audit.report.status import Tally, managing_tool, needed_changes, tally_audits, unwritten_entries
from koding_audit.report.summary import (
    ACCOUNT_LINES,
    ACCOUNTS_IN_FULL,
    FEW_ACCOUNTS,
    FINDINGS_PER_ACCOUNT,
    RULES_SHOWN,
    AccountRow,
    RuleTotals,
    summarize_report,
)
from koding_audit.report.wording import (
    account_statuses_text,
    action_text,
    allowed_later_sentence,
    fix_command,
    gone_sentence,
    note_text,
    noted_sentence,
    remedy_text,
    skipped_sentence,
    source_text,
    status_sentence,
    totals_text,
    waiver_text,
)

Block = Sequence[tuple[str, ...]]
"""Rows that belong together. The last cell of a row is wrapped; the cells before it are short words of the tool."""

_COLOURS: Mapping[str, str] = {"error": "31", "warning": "33", "note": "36", "fixed": "32"}
_INDENT = "  "
_NARROWEST = 20
_NAMES_SHOWN = 10
_LONGEST = 60  # characters of a rule's name; a saved report can have any
_REST_HINT = "`--output jsonl` has all of them"


def render(report: Report, *, width: int = 80, color: bool = False) -> Iterator[str]:
    """Yields the sections of the report.

    width: in columns; a name that is longer is not broken, so that it can be copied
    color: whether severities have a colour
    """
    page = _TableReport(width, color, report)
    before = ""
    for section in page.summary_sections() if len(report.audits) > FEW_ACCOUNTS else page.full_sections():
        yield f"{before}{section}"
        before = "\n\n"
    yield "\n"


@dataclass(frozen=True, slots=True)
class _TableReport:
    """The sections of a report.

    width: in columns
    color: whether severities have a colour
    report: the report
    max_findings: findings and writes of an account that are shown
    """

    width: int
    color: bool
    report: Report
    max_findings: int = sys.maxsize

    def full_sections(self) -> Iterator[str]:
        """Yields each account in full, then the totals."""
        tally = Tally(self.report.fail_on)
        for audit in self.report.audits:
            tally.add_audit(audit)
            yield from self.audit_sections(audit)
        if not self.report.audits:
            yield "No audit was possible."
        yield self.closing_section(tally, len(self.report.errors), self.report.skipped)

    def summary_sections(self) -> Iterator[str]:
        """Yields the worst accounts in full, further ones as one line, then the totals, where a terminal stops."""
        found = summarize_report(self.report, ACCOUNTS_IN_FULL + ACCOUNT_LINES)
        page = replace(self, max_findings=FINDINGS_PER_ACCOUNT)
        for row in found.unclean_rows[:ACCOUNTS_IN_FULL]:
            yield from page.audit_sections(self.report.audits[row.audit_index])
        rows, left = found.unclean_rows[ACCOUNTS_IN_FULL:], found.count_others(found.unclean_rows)
        if rows:
            blocks = [[(escape(each.account), each.status, _account_text(each))] for each in rows]
            yield self.format_section("Other accounts, worst first", blocks)
        if left and found.unclean_rows:
            yield self.format_section(
                "",
                [[(f"And {pluralize(left.total(), 'more account')}: {account_statuses_text(left)}. {_REST_HINT}.",)]],
            )
        if found.tally.noted:
            yield self.format_section("", [[(noted_sentence(found.tally.noted),)]])
        if self.report.errors:
            yield self.format_section("Errors", list(_error_blocks(self.report.errors)))
        if found.rules:
            yield self.format_section("Findings by rule", list(_rule_blocks(found.rules)))
        yield self.closing_section(found.tally, len(self.report.errors), self.report.skipped)

    def audit_sections(self, audit: Audit) -> list[str]:
        """Returns the sections of an account: header, findings of each subject, gaps, and writes."""
        sections = [self.format_section("", [[row] for row in _audit_header(audit)]), *self.finding_sections(audit)]
        if audit.baseline and audit.baseline.gone:
            sections.append(self.format_section("Resolved since the baseline", _gone_blocks(audit.baseline)))
        if audit.gaps:
            sections.append(self.format_section("Could not be read", [_gap_block(each) for each in group_gaps(audit)]))
        if audit.journal:
            outcomes = Counter(each.outcome for each in audit.journal.entries)
            numbers = ", ".join(f"{outcomes[word]} {word}" for word in sorted(outcomes)) or "nothing to write"
            heading = f"Journal {escape(audit.journal.path)}: {numbers}"
            entries = unwritten_entries(audit)
            blocks = [[_entry_cells(each)] for each in entries[: self.max_findings]]
            sections.append(self.format_section(heading, [*blocks, *_more_rows(len(entries) - len(blocks), "write")]))
        if len(self.report.audits) > 1:
            sections.append(self.closing_section(tally_audits([audit], self.report.fail_on)))
        return sections

    def finding_sections(self, audit: Audit) -> list[str]:
        """Returns a section for each subject, the worst first; one table for all, because each table takes time."""
        findings = findings_to_show(audit)
        shown = findings[: self.max_findings]
        options = needed_changes(audit.findings, managed=True)
        blocks = [self.finding_block(each, options.get(each.id), audit) for each in shown]
        sections: dict[str, list[str]] = {}
        for finding, lines in zip(shown, self.lay_out(blocks), strict=True):
            lines[0] = self.colorize(lines[0])
            sections.setdefault(finding.subject, self.subject_heading(finding.subject)).extend(lines)
        more = [self.format_section("", each) for each in [_more_rows(len(findings) - len(shown), "finding")] if each]
        return [*("\n".join(lines) for lines in sections.values()), *more]

    def finding_block(self, finding: Finding, change: Change | None, audit: Audit) -> Block:
        """Returns the rows of a finding. change: what has to be allowed for its fix, None if there is none."""
        advice = self.report.advice.get(finding.rule, Advice(""))
        rows = [("what", finding.message), ("why", f"{finding.rule}: {advice.why}" if advice.why else finding.rule)]
        if finding.status == "fixed":
            return [("fixed", *rows[0]), ("", *rows[1])]
        if finding.location:
            rows.append(("where", f"{finding.location.path}:{finding.location.line}:{finding.location.column}"))
        if finding.status == "failed":
            rows.append(("state", "its fix failed: see the journal"))
        elif finding.status == "pending":
            rows.append(("state", "IAM accepted its fix, but it is not visible yet: scan again in a few minutes"))
        elif finding.status == "waived":
            rows.append(("state", waiver_text(finding.waiver)))
        if finding.known:
            rows.append(("known", "it is in the baseline"))
        if finding.status in {"open", "failed"}:
            rows.append(("fix", remedy_text(change, advice.step, audit.source, managing_tool(finding))))
        word = "waived" if finding.status == "waived" else finding.severity
        return [(word if index == 0 else "", *row) for index, row in enumerate(rows)]

    def subject_heading(self, arn: str) -> list[str]:
        """Returns a subject's name and ARN in one line, or in two if they are too long."""
        name, full = escape(subject_label(arn)), escape(arn)
        line = f"{name} ({full})"
        return [line] if len(line) <= self.width else [name, f"{_INDENT}{full}"]

    def closing_section(self, tally: Tally, errors: int = 0, skipped: Sequence[SkippedAccount] = ()) -> str:
        """Returns the counts and the result of one audit or of all.

        errors: how many the run itself had
        skipped: the accounts that cannot be used
        """
        many = tally.audits > FEW_ACCOUNTS
        rows = [("Accounts", account_statuses_text(tally.statuses))] if many else []
        rows += [("Summary", totals_text(tally))] if tally.audits else []
        rows += [("Baseline", each) for each in [gone_sentence(tally.resolved)] if each]
        rows += [("Skipped", each) for each in [skipped_sentence(skipped)] if each]
        rows.append(("Result", status_sentence(tally, errors)))
        closing = self.format_section("", [[row] for row in rows])
        if tally.audits > 1:
            return f"All {pluralize(tally.audits, 'account')}\n{closing}"
        command = fix_command(tally)
        # Not wrapped: a part of a command that is copied could be another command.
        return f"To fix   {escape(command)}\n{closing}" if command else closing

    def format_section(self, heading: str, blocks: Sequence[Block]) -> str:
        """Returns a heading with its rows below it, indented; with heading "", the rows only."""
        indent = _INDENT if heading else ""
        lines = [line for block in self.lay_out(blocks, indent) for line in block]
        return "\n".join([heading, *lines] if heading else lines)

    def lay_out(self, blocks: Sequence[Block], indent: str = _INDENT) -> list[list[str]]:
        """Returns the lines of each block; all blocks have the same columns."""
        from tabulate import tabulate  # noqa: PLC0415 - no other format needs it

        if not blocks:
            return []
        labels = [
            max(map(len, column)) for column in zip(*(row[:-1] for block in blocks for row in block), strict=True)
        ]
        room = max(self.width - len(indent) - sum(labels) - 2 * len(labels), _NARROWEST)
        texts: dict[str, list[str]] = {}
        wrapped = [[line for row in block for line in _wrap_row(row, room, texts)] for block in blocks]
        # Labels are few, and tabulate is slow for many rows: it pads each once, up to the mark of the last column.
        padded = dict.fromkeys(row[:-1] for block in wrapped for row in block)
        lines = tabulate([(*each, "|") for each in padded], tablefmt="plain", disable_numparse=True).split("\n")
        starts = dict(zip(padded, (line[:-1] for line in lines), strict=True))
        return [[f"{indent}{starts[row[:-1]]}{row[-1]}".rstrip() for row in block] for block in wrapped]

    def colorize(self, line: str) -> str:
        """Returns a line with its first word in colour, if that word is a severity or `fixed`."""
        word = line.split(maxsplit=1)[0]
        if not self.color or word not in _COLOURS:
            return line
        return line.replace(word, f"\x1b[{_COLOURS[word]}m{word}\x1b[0m", 1)


def _more_rows(number: int, noun: str) -> Sequence[Block]:
    return [[("", f"and {pluralize(number, f'more {noun}')}. {_REST_HINT}.")]] if number > 0 else []


def _account_text(row: AccountRow) -> str:
    return f"{row.counts_and_reasons} ({row.alias})" if row.alias else row.counts_and_reasons


def _error_blocks(errors: Sequence[Problem]) -> Iterator[Block]:
    for each in errors[:MAX_ERRORS_SHOWN]:
        yield [("error", f"{each.message}; {each.hint}" if each.hint else each.message)]
    yield from _more_rows(len(errors) - MAX_ERRORS_SHOWN, "error")


def _rule_blocks(rules: Sequence[RuleTotals]) -> Iterator[Block]:
    """Yields the number of findings of each rule, and an example."""
    for each in rules[:RULES_SHOWN]:
        numbers = f"{each.findings:,} in {pluralize(each.accounts, 'account')}"
        yield [(each.severity, escape(clip_text(each.rule, _LONGEST)), numbers), ("", "", each.example)]
    rest = len(rules) - RULES_SHOWN
    if rest > 0:
        yield [("", "", f"and {pluralize(rest, 'more rule')}. {_REST_HINT}.")]


def _wrap_row(row: tuple[str, ...], room: int, wrapped: dict[str, list[str]]) -> list[tuple[str, ...]]:
    """Returns a row as rows whose last cell fits; that cell is never empty.

    wrapped: the lines of texts so far, because findings of a rule have the same reason and the same step
    """
    text = escape(row[-1]).strip() or "-"
    if len(text) <= room:
        return [(*row[:-1], text)]
    if text not in wrapped:
        wrapped[text] = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    first, *more = wrapped[text]
    rest = ("",) * (len(row) - 1)
    return [(*row[:-1], first), *((*rest, line) for line in more)]


def _audit_header(audit: Audit) -> list[tuple[str, str]]:
    account = audit.account
    rows = [("Account", f"{account.id} ({account.alias})" if account.alias else account.id)]
    if audit.caller:
        rows.append(("Caller", audit.caller.arn + (", the root user" if audit.caller.root else "")))
    rows.append(("Source", source_text(audit)))
    if audit.desired:
        rows.append(("Desired", ", ".join(file.path for file in audit.desired)))
    if audit.baseline:
        age = format_age(audit.baseline.taken_at, audit.taken_at)
        rows.append(("Baseline", f"{audit.baseline.file.path}, of an audit {age} before this one"))
    if audit.report_generated:
        age = format_age(audit.report_generated, audit.taken_at)
        rows.append(("Report", f"AWS made the credential report {age} before this audit"))
    if audit.not_seen:
        rows.append(("Unseen", f"{', '.join(sorted(audit.not_seen))}: decisions do not include these layers"))
    if audit.allowed_later:
        rows.append(("Denied", allowed_later_sentence(audit.allowed_later)))
    rows += [("Note", note_text(each)) for each in audit.notes]
    return rows


def _gone_blocks(baseline: Baseline) -> Sequence[Block]:
    more = len(baseline.gone) - _NAMES_SHOWN
    names = [*baseline.gone[:_NAMES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return [[(each,)] for each in names]


def _gap_block(gap: GapGroup) -> Block:
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


def _entry_cells(entry: Entry) -> tuple[str, str]:
    return entry.outcome, f"{action_text(entry.action)}: {entry.detail}" if entry.detail else action_text(entry.action)
