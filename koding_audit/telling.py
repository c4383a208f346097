"""News in lines of text, for whoever is told: short, inert, and with a count of what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from koding_audit.jsontext import instant
from koding_audit.model import Finding
from koding_audit.news import AccountNews, News
from koding_audit.text import clipped, inert
from koding_audit.words import age, counted

MOST = 15  # findings of a kind, and errors
_LONGEST = 300  # characters of what is said of one


class Message(NamedTuple):
    """What is sent. subject: "" where the receiver knows none."""

    body: str
    content_type: str = "application/json"
    subject: str = ""


def headline(news: News) -> str:
    """`koding-audit: account 123456789012: 1 new, 2 gone; findings`."""
    accounts = news.accounts
    ids = f"account {accounts[0].account.id}" if len(accounts) == 1 else counted(len(accounts), "account")
    whom = ids if accounts else "nothing was audited"
    kinds = (
        (name, sum(len(getattr(each, name)) for each in accounts)) for name in ("new", "gone", "waived", "unknown")
    )
    words = [f"{number} {'not known' if name == 'unknown' else name}" for name, number in kinds if number]
    if any(each.stale for each in accounts):
        words.append("no newer audit than the one before")
    return inert(f"koding-audit: {whom}: {', '.join(words) or 'nothing new'}; {news.status}")


def lines(news: News, now: datetime) -> Iterator[str]:
    """The headline, and what it is about. now: when it is told."""
    yield headline(news)
    yield from _clipped([f"error: {each}" for each in news.errors])
    for each in news.accounts:
        yield ""
        yield from _account(each, news, now)


def text(news: News, now: datetime, most: int) -> str:
    """All of the lines, or as many characters of them as the receiver takes, with a last line that says so."""
    whole = "\n".join(lines(news, now))
    cut = "\n... cut here: the report has all of it"
    return whole if len(whole) <= most else whole[: most - len(cut)] + cut


def _account(news: AccountNews, whole: News, now: datetime) -> Iterator[str]:
    alias = f" ({news.account.alias})" if news.account.alias else ""
    whom = inert(clipped(f"Account {news.account.id}{alias}", _LONGEST))
    if news.taken_at is None:
        yield f"{whom} was not audited"
    else:
        when = f"audited {age(news.taken_at, now)} ago, at {instant(news.taken_at)}"
        yield f"{whom}, {when}: {news.status}, {counted(news.standing, 'finding')} standing"
    if news.stale:
        yield "This audit is no newer than the one before: does the scheduled audit still run?"
    yield from _list("New" if whole.compared else "Standing", news.new)
    yield from _list("Gone", news.gone)
    yield from _list("Waived", news.waived)
    yield from _list("Not known, for this audit could not see everything", news.unknown)


def _list(head: str, findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield f"{head} ({len(findings)}):"
        yield from _clipped([f"- {_severity(each)}: {each.rule}: {each.message}" for each in findings])


def _severity(finding: Finding) -> str:
    return f"{finding.severity}, known" if finding.known else finding.severity


def _clipped(told: Sequence[str]) -> Iterator[str]:
    yield from (inert(clipped(each, _LONGEST)) for each in told[:MOST])
    if len(told) > MOST:
        yield f"... and {len(told) - MOST} more"
