"""News in lines of text, for whoever is told: short, inert, and with a count of what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from koding_audit.io.json_text import format_time
from koding_audit.io.text import clip_text, escape, format_age, pluralize
from koding_audit.model.finding import Finding
from koding_audit.report.changes import AccountChanges, ReportChanges

MOST = 15  # findings of a kind, and errors
_LONGEST = 300  # characters of what is said of one


class Message(NamedTuple):
    """What is sent. subject: "" where the receiver knows none."""

    body: str
    content_type: str = "application/json"
    subject: str = ""


def changes_headline(news: ReportChanges) -> str:
    """`koding-audit: account 123456789012: 1 new, 2 gone; findings`."""
    accounts = news.accounts
    ids = f"account {accounts[0].account.id}" if len(accounts) == 1 else pluralize(len(accounts), "account")
    whom = ids if accounts else "nothing was audited"
    kinds = (
        (name, sum(len(getattr(each, name)) for each in accounts)) for name in ("new", "gone", "waived", "unknown")
    )
    words = [f"{number} {'not known' if name == 'unknown' else name}" for name, number in kinds if number]
    if any(each.is_stale for each in accounts):
        words.append("no newer audit than the one before")
    return escape(f"koding-audit: {whom}: {', '.join(words) or 'nothing new'}; {news.status}")


def changes_lines(news: ReportChanges, now: datetime) -> Iterator[str]:
    """The headline, and what it is about. now: when it is told."""
    yield changes_headline(news)
    yield from _clip_lines([f"error: {each}" for each in news.errors])
    for each in news.accounts:
        yield ""
        yield from _account_lines(each, news, now)


def changes_text(news: ReportChanges, now: datetime, most: int) -> str:
    """All of the lines, or as many characters of them as the receiver takes, with a last line that says so."""
    whole = "\n".join(changes_lines(news, now))
    cut = "\n... cut here: the report has all of it"
    return whole if len(whole) <= most else whole[: most - len(cut)] + cut


def _account_lines(news: AccountChanges, whole: ReportChanges, now: datetime) -> Iterator[str]:
    alias = f" ({news.account.alias})" if news.account.alias else ""
    whom = escape(clip_text(f"Account {news.account.id}{alias}", _LONGEST))
    if news.taken_at is None:
        yield f"{whom} was not audited"
    else:
        when = f"audited {format_age(news.taken_at, now)} ago, at {format_time(news.taken_at)}"
        yield f"{whom}, {when}: {news.status}, {pluralize(news.unresolved, 'finding')} standing"
    if news.is_stale:
        yield "This audit is no newer than the one before: does the scheduled audit still run?"
    yield from _finding_lines("New" if whole.has_previous else "Standing", news.new)
    yield from _finding_lines("Gone", news.gone)
    yield from _finding_lines("Waived", news.waived)
    yield from _finding_lines("Not known, for this audit could not see everything", news.unknown)


def _finding_lines(head: str, findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield f"{head} ({len(findings)}):"
        yield from _clip_lines([f"- {_severity_label(each)}: {each.rule}: {each.message}" for each in findings])


def _severity_label(finding: Finding) -> str:
    return f"{finding.severity}, known" if finding.known else finding.severity


def _clip_lines(told: Sequence[str]) -> Iterator[str]:
    yield from (escape(clip_text(each, _LONGEST)) for each in told[:MOST])
    if len(told) > MOST:
        yield f"... and {len(told) - MOST} more"
