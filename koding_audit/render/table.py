"""The report for a person at a terminal: grouped by subject, with what is wrong, why it matters and how to fix it."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from koding_audit.arns import short_name
from koding_audit.model import SEVERITIES, Action, Advice, Audit, Change, Entry, Finding, Report, RunStatus, Severity
from koding_audit.text import inert
from koding_audit.verdict import (
    NOT_CHECKED,
    audit_status,
    blocking,
    changes,
    counts,
    not_written,
    ordered,
    stands,
    status_of,
    summary,
)
from koding_audit.words import age, counted

Block = Sequence[tuple[str, ...]]
"""Rows that belong together. The last cell of a row is wrapped; those before it are short words of ours."""

_OPTIONS: Mapping[Change, str] = {"add": "--fix", "create": "--fix --create", "replace": "--fix --replace"}
_COLOURS: Mapping[str, str] = {"error": "31", "warning": "33", "note": "36", "fixed": "32"}
_INDENT = "  "
_NARROWEST = 20
_NAMES_SHOWN = 10


def render(report: Report, *, width: int = 80, color: bool = False) -> str:
    """width: columns to fill; a name that is longer runs over and stays whole, so that it can be copied.

    color: the severities in colour too; their words say the same without.
    """
    page = _Page(width, color, report)
    sections = [section for audit in report.audits for section in page.audit(audit)]
    if not report.audits:
        sections.append("No audit was possible.")
    sections.append(page.closing(report.audits, status_of(report), len(report.errors)))
    return "\n\n".join(sections) + "\n"


@dataclass(frozen=True)
class _Page:
    width: int
    color: bool
    report: Report

    def audit(self, audit: Audit) -> list[str]:
        """What was audited, the findings of each subject, what could not be read, and what was written."""
        sections = [self.section("", [[row] for row in _header(audit)]), *self.findings(audit)]
        if audit.gaps:
            sections.append(self.section("Could not be read", _gaps(audit)))
        if audit.journal:
            outcomes = Counter(each.outcome for each in audit.journal.entries)
            numbers = ", ".join(f"{outcomes[word]} {word}" for word in sorted(outcomes)) or "nothing to write"
            heading = f"Journal {inert(audit.journal.path)}: {numbers}"
            sections.append(self.section(heading, [[_entry(each)] for each in not_written(audit)]))
        if len(self.report.audits) > 1:
            sections.append(self.closing([audit], audit_status(audit, self.report.fail_on), 0))
        return sections

    def findings(self, audit: Audit) -> list[str]:
        """A section for each subject, the worst first. All are laid out in one go: each table costs its start."""
        shown = _told_once(audit)
        options = changes(audit.findings)
        blocks = [self.finding(each, options.get(each.id), audit) for each in shown]
        sections: dict[str, list[str]] = {}
        for finding, lines in zip(shown, self.layout(blocks), strict=True):
            lines[0] = self.painted(lines[0])
            sections.setdefault(finding.subject, self.heading(finding.subject)).extend(lines)
        return ["\n".join(lines) for lines in sections.values()]

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
        if finding.status in {"open", "failed"}:
            rows.append(("fix", _fix(change, advice.step, audit.source)))
        word = "waived" if finding.status == "waived" else finding.severity
        return [(word if index == 0 else "", *row) for index, row in enumerate(rows)]

    def heading(self, arn: str) -> list[str]:
        name, full = inert(short_name(arn)), inert(arn)
        one = f"{name} ({full})"
        return [one] if len(one) <= self.width else [name, f"{_INDENT}{full}"]

    def closing(self, audits: Sequence[Audit], status: RunStatus, errors: int) -> str:
        """The counts and the verdict, of one audit or of all."""
        rows = [("Summary", _counted(audits))] if audits else []
        rows.append(("Result", _verdict(audits, status, errors, self.report.fail_on)))
        closing = self.section("", [[row] for row in rows])
        if len(audits) > 1:
            return f"All {len(audits)} accounts\n{closing}"
        command = _command(audits)
        # Not wrapped: half of a command that is copied would be another command.
        return f"To fix   {inert(command)}\n{closing}" if command else closing

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
    if audit.report_generated:
        made = age(audit.report_generated, audit.taken_at)
        rows.append(("Report", f"AWS made the credential report {made} before this audit"))
    if audit.not_seen:
        rows.append(("Unseen", f"{', '.join(sorted(audit.not_seen))}: what is decided leaves these out"))
    return rows


def _told_once(audit: Audit) -> list[Finding]:
    """The findings that stand, then the others; without those that only say what the section of unread things says."""
    told = {(gap.fact.value, gap.call) for gap in audit.gaps}
    findings = sorted(ordered(audit.findings), key=lambda each: not stands(each))
    return [each for each in findings if each.rule != NOT_CHECKED or _read(each) not in told]


def _read(finding: Finding) -> tuple[str, str]:
    """Which fact a not-checked finding is about, and the call that should have told it."""
    return str(finding.evidence.get("fact")), str(finding.evidence.get("call"))


def _fix(change: Change | None, step: str, source: str) -> str:
    if change is None:
        return step or "by hand: --fix leaves this to you"
    where = "the live account" if source.startswith("snapshot") else "again"
    return f"scan {where} with {_OPTIONS[change]}"


def _gaps(audit: Audit) -> list[Block]:
    """One block for all that could not be read in the same way, for the same reason."""
    same: dict[tuple[str, ...], list[str]] = {}
    for gap, rules in blocking(audit):
        same.setdefault((gap.fact.value, gap.call, gap.reason, gap.permission, ", ".join(rules)), []).append(
            gap.subject
        )
    return [_gap(key, [subject for subject in subjects if subject]) for key, subjects in same.items()]


def _gap(key: tuple[str, ...], subjects: list[str]) -> Block:
    fact, call, reason, permission, rules = key
    rows = [(fact, "call", f"{call}: {reason}")]
    if subjects:
        more = len(subjects) - _NAMES_SHOWN
        names = ", ".join(subjects[:_NAMES_SHOWN])
        rows.append(("", "of", f"{names} and {more} more" if more > 0 else names))
    if rules:
        rows.append(("", "blocks", rules))
    if permission:
        rows.append(("", "grant", permission))
    return rows


def _entry(entry: Entry) -> tuple[str, str]:
    return entry.outcome, f"{_call(entry.action)}: {entry.detail}" if entry.detail else _call(entry.action)


def _call(action: Action) -> str:
    names = (str(each) for name, each in sorted(action.parameters.items()) if name not in {"PolicyDocument", "Tags"})
    return " ".join([action.verb.value, *names])


def _command(audits: Iterable[Audit]) -> str:
    """The command that makes every fix that takes nothing away, or "" where there is none to make."""
    needed = {change for audit in audits for change in changes(audit.findings).values()} - {"replace"}
    if not needed:
        return ""
    files = dict.fromkeys(file.path for audit in audits for file in audit.desired)
    demo = ["--source", "demo"] if any(audit.source == "demo" for audit in audits) else []
    return " ".join(["koding-audit scan", *map(shlex.quote, files), *demo, _OPTIONS[max(needed)]])


def _counted(audits: Iterable[Audit]) -> str:
    findings = [finding for audit in audits for finding in audit.findings]
    totals = summary(findings)
    words = [counted(totals[severity], severity) for severity in SEVERITIES if totals[severity]]
    words += [f"{totals[name]} {name.replace('_', ' ')}" for name in ("not_checked", "waived", "fixed") if totals[name]]
    return ", ".join(words or ["no findings"]) + _fixable(audits)


def _fixable(audits: Iterable[Audit]) -> str:
    """`; 2 can be fixed with --fix, 1 more with --create`, or "" where nothing can."""
    needed = Counter(change for audit in audits for change in changes(audit.findings).values())
    said = ""
    for change, option in _OPTIONS.items():
        if needed[change]:
            said += (
                f", {needed[change]} more with {option.split()[-1]}"
                if said
                else f"; {needed[change]} can be fixed with {option}"
            )
    return said


def _verdict(audits: Sequence[Audit], status: RunStatus, errors: int, fail_on: Severity) -> str:
    if status == "clean":
        return f"clean: nothing at or above {fail_on}"
    if status == "findings":
        standing = sum(counts(finding, fail_on) for audit in audits for finding in audit.findings)
        return f"findings: {standing} at or above {fail_on}"
    unread = sum(len(audit.gaps) for audit in audits)
    unwritten = sum(len(not_written(audit)) for audit in audits)
    reasons = [counted(errors, "error") + ", told on standard error"] if errors else []
    reasons += [counted(unread, "fact") + " could not be read"] if unread else []
    reasons += [counted(unwritten, "write") + " failed or could not be verified"] if unwritten else []
    return "incomplete: " + ("; ".join(reasons) or "not everything was checked")
