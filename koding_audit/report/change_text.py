"""The changes between two reports as lines of text for a receiver: escaped, shortened, and with a count of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from koding_audit.io.json_text import format_time
from koding_audit.io.text import clip_text, escape, format_age, pluralize
from koding_audit.model.finding import Finding
from koding_audit.report.changes import AccountChanges, ReportChanges

MOST = 15  # findings of each kind, and errors
_LONGEST = 300  # characters of one line


class Message(NamedTuple):
    """A message to send.

    body: its text
    content_type: of the body
    subject: "" if the receiver has no subjects
    """

    body: str
    content_type: str = "application/json"
    subject: str = ""


def changes_headline(changes: ReportChanges) -> str:
    """Returns for example `koding-audit: account 123456789012: 1 new, 2 gone; findings`."""
    accounts = changes.accounts
    ids = f"account {accounts[0].account.id}" if len(accounts) == 1 else pluralize(len(accounts), "account")
    label = ids if accounts else "nothing was audited"
    kinds = (
        (name, sum(len(getattr(each, name)) for each in accounts)) for name in ("new", "gone", "waived", "unknown")
    )
    words = [f"{number} {'not known' if name == 'unknown' else name}" for name, number in kinds if number]
    if any(each.is_stale for each in accounts):
        words.append("no newer audit than the one before")
    return escape(f"koding-audit: {label}: {', '.join(words) or 'nothing new'}; {changes.status}")


def changes_lines(changes: ReportChanges, now: datetime) -> Iterator[str]:
    """Yields the headline, the errors of the run and the changes of each account. now: the time of sending."""
    yield changes_headline(changes)
    yield from _clip_lines([f"error: {each}" for each in changes.errors])
    for each in changes.accounts:
        yield ""
        yield from _account_lines(each, changes, now)


def changes_text(changes: ReportChanges, now: datetime, most: int) -> str:
    """Returns the lines as one text. most: characters; a longer text is cut, and its last line says so."""
    text = "\n".join(changes_lines(changes, now))
    end = "\n... truncated: see the report for the rest"
    return text if len(text) <= most else text[: most - len(end)] + end


def _account_lines(changes: AccountChanges, report: ReportChanges, now: datetime) -> Iterator[str]:
    alias = f" ({changes.account.alias})" if changes.account.alias else ""
    label = escape(clip_text(f"Account {changes.account.id}{alias}", _LONGEST))
    if changes.taken_at is None:
        yield f"{label} was not audited"
    else:
        when = f"audited {format_age(changes.taken_at, now)} ago, at {format_time(changes.taken_at)}"
        yield f"{label}, {when}: {changes.status}, {pluralize(changes.unresolved, 'open finding')}"
    if changes.is_stale:
        yield "This audit is no newer than the one before: check that the scheduled audit still runs."
    yield from _finding_lines("New" if report.has_previous else "Open", changes.new)
    yield from _finding_lines("Gone", changes.gone)
    yield from _finding_lines("Waived", changes.waived)
    yield from _finding_lines("Not known, because this audit could not show it", changes.unknown)


def _finding_lines(head: str, findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield f"{head} ({len(findings)}):"
        yield from _clip_lines([f"- {_severity_label(each)}: {each.rule}: {each.message}" for each in findings])


def _severity_label(finding: Finding) -> str:
    return f"{finding.severity}, known" if finding.known else finding.severity


def _clip_lines(lines: Sequence[str]) -> Iterator[str]:
    yield from (escape(clip_text(each, _LONGEST)) for each in lines[:MOST])
    if len(lines) > MOST:
        yield f"... and {len(lines) - MOST} more"
