"""Markdown for a comment on a pull request or the summary of a job: the verdict, a table, what to do."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter

from koding_audit.conclusion import command, departed, judged, standing, totals
from koding_audit.model import Audit, Report
from koding_audit.overview import FEW, FINDINGS, FULL, LINES, Found, Overview, Row, overview
from koding_audit.results import Result, errors, results_of
from koding_audit.text import clipped, inert
from koding_audit.verdict import Tally, tallied
from koding_audit.words import ERRORS_TOLD, counted

MOST = 60_000
"""Characters of the rows: GitHub takes 65,536 in a comment, and a mebibyte in the summary of a job."""

_LONGEST = 1_000  # characters of a cell
_FRAME = 150  # of what a table has around its rows, and a little more
_OPEN = 20  # rows that are shown without a click
_HEADER = "| | what | what to do | where | rule |\n|---|---|---|---|---|\n"

_TOKEN = re.compile(r"(?P<space>\s+)|(?P<special>[|\\`])|(?P<word>[^\s|\\`]+)")
# What no reader takes for markup, a link, a mention or a reference: letters, digits, and the marks of a sentence.
_PLAIN = re.compile(r"(?!(?i:www\.|gh-\d))[^\W_]+(?:[.'-][^\W_]+)*")
_WORD = re.compile(r"(?!\().+?(?=[.,;:)]*\Z)", re.DOTALL)  # between the marks of a sentence
_ENTITIES: Mapping[str, str] = {"|": "&#124;", "\\": "&#92;", "`": "&#96;"}


def render(report: Report) -> Iterator[str]:
    """What stands comes first, what is known of it last. What does not fit is counted in the last line."""
    before = ""
    for part in _parts(report):
        yield f"{before}{part}"
        before = "\n\n"
    yield "\n"


def _parts(report: Report) -> Iterator[str]:
    if len(report.audits) <= FEW:
        yield from _head(tallied(report.audits, report.fail_on), len(report.errors))
        yield from _told(report, report.audits, MOST)
        return
    found = overview(report, FULL + LINES)
    yield from _head(found.tally, len(report.errors))
    sums = list(_summed(found))
    yield from sums
    full = (report.audits[each.place] for each in found.worst[:FULL])
    yield from _told(report, full, MOST - sum(map(len, sums)), FINDINGS)


def _told(report: Report, audits: Iterable[Audit], room: int, most: int = sys.maxsize) -> Iterator[str]:
    """The errors of the run and what these audits tell, as far as there is room, and up to so many rows of each."""
    left_out = max(len(report.errors) - ERRORS_TOLD, 0)
    for heading, told in _sections(report, audits):
        rows = [_row(each) for each in sorted(told, key=attrgetter("rank"))]
        room -= len(heading) + (_FRAME if rows else 0)
        kept = list(_fitting(rows[:most], room))
        room -= sum(map(len, kept))
        left_out += len(rows) - len(kept)
        if heading and room > 0:
            yield heading
        if kept:
            yield _table(kept)
    if left_out:
        yield f"{counted(left_out, 'row')} did not fit here: the JSON report has everything."


def _sections(report: Report, audits: Iterable[Audit]) -> Iterator[tuple[str, Iterable[Result]]]:
    yield "", islice(errors(report), ERRORS_TOLD)
    yield from ((_heading(each), results_of(each, report)) for each in audits)


def _summed(found: Overview) -> Iterator[str]:
    """How the accounts stand, what each rule found, and a line for each of the worst that is not shown in full."""
    yield f"{counted(found.tally.audits, 'account')}: {standing(found.tally.statuses)}."
    rules = list(_fitting(map(_rule, found.rules), MOST // 3))
    rest = len(found.rules) - len(rules)
    if rules:
        yield f"| | rule | findings | accounts | for example |\n|---|---|---|---|---|\n{''.join(rules)}".rstrip("\n")
    if rest:
        yield f"{counted(rest, 'rule')} more: the JSON report has them all."
    lines = list(_fitting(map(_line, found.worst[FULL:]), MOST // 3))
    left = found.beside(found.worst[: FULL + len(lines)])
    if lines:
        yield "### Other accounts, the worst first"
        yield f"| account | | what was found |\n|---|---|---|\n{''.join(lines)}".rstrip("\n")
    if left and found.worst:
        yield f"{counted(left.total(), 'more account')}: {standing(left)}. The JSON report has them all."


def _rule(found: Found) -> str:
    cells = (_cell(found.rule), f"{found.findings:,}", f"{found.accounts:,}", _cell(found.example))
    return f"| {found.severity} | {' | '.join(cells)} |\n"


def _line(row: Row) -> str:
    alias = f" ({_cell(row.alias)})" if row.alias else ""
    return f"| {_cell(row.account)}{alias} | {row.status} | {row.said} |\n"


def _head(tally: Tally, errors: int) -> Iterator[str]:
    yield f"## koding-audit: {tally.status(errors)}"
    yield judged(tally, errors)
    if tally.audits:
        yield totals(tally)
    gone, offered = departed(tally.gone), command(tally)
    if gone:
        yield gone
    if offered:
        yield f"To fix: {_code(clipped(inert(offered), _LONGEST))}"


def _heading(audit: Audit) -> str:
    account = audit.account
    return f"### Account {_cell(account.id)}" + (f" ({_cell(account.alias)})" if account.alias else "")


def _fitting(rows: Iterable[str], room: int) -> Iterator[str]:
    """The first rows that have room together."""
    for row in rows:
        room -= len(row)
        if room < 0:
            return
        yield row


def _table(rows: list[str]) -> str:
    table = f"{_HEADER}{''.join(rows)}".rstrip("\n")
    if len(rows) <= _OPEN:
        return table
    return f"<details><summary>{counted(len(rows), 'row')}</summary>\n\n{table}\n\n</details>"


def _row(result: Result) -> str:
    status = result.status if result.status != "open" else result.severity
    word = f"{status}, known" if result.known else status
    place = f"{result.place.path}:{result.place.line}" if result.place else ""
    cells = (word, result.message, result.todo, place, result.rule)
    return "| " + " | ".join(_cell(each) if each else "" for each in cells) + " |\n"


def _cell(text: str) -> str:
    """The text so that nothing in it is markup: every word that is more than letters and digits becomes code.

    In code nothing links, notifies or refers; what would end it, or the cell, is written as an entity beside it.
    """
    shown = clipped(inert(text).strip(), _LONGEST)
    return "".join(_token(found) for found in _TOKEN.finditer(shown)) or "-"


def _token(found: re.Match[str]) -> str:
    if found["space"]:
        return " "
    if found["special"]:
        return _ENTITIES[found["special"]]
    return _WORD.sub(lambda word: word[0] if _PLAIN.fullmatch(word[0]) else f"`{word[0]}`", found["word"], count=1)


def _code(text: str) -> str:
    """As code, between more backquotes than it has in a row."""
    fence = "`" * (max(map(len, re.findall(r"`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"
