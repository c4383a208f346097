"""Markdown for a comment on a pull request or the summary of a job: the result, a table, what to do."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter

from koding_audit.io.text import MAX_ERRORS_SHOWN, clip_text, escape, pluralize
from koding_audit.model.report import Audit, Report
from koding_audit.report.results import Result, audit_results, run_error_results
from koding_audit.report.status import Tally, tally_audits
from koding_audit.report.summary import (
    ACCOUNT_LINES,
    ACCOUNTS_IN_FULL,
    FEW_ACCOUNTS,
    FINDINGS_PER_ACCOUNT,
    AccountRow,
    ReportSummary,
    RuleTotals,
    summarize_report,
)
from koding_audit.report.wording import (
    account_statuses_text,
    allowed_later_sentence,
    fix_command,
    gone_sentence,
    noted_sentence,
    skipped_sentence,
    status_sentence,
    totals_text,
)

MOST = 60_000
"""Characters of all rows: GitHub accepts 65,536 in a comment, and one mebibyte in the summary of a job."""

_LONGEST = 1_000  # characters of a cell
_FRAME = 150  # characters of a table around its rows, and a reserve
_OPEN = 20  # a table with more rows is collapsed
_HEADER = "| | what | what to do | where | rule |\n|---|---|---|---|---|\n"

_TOKEN = re.compile(r"(?P<space>\s+)|(?P<special>[|\\`])|(?P<word>[^\s|\\`]+)")
# A word that no Markdown renderer takes for markup, a link, a mention or a reference.
_PLAIN = re.compile(r"(?!(?i:www\.|gh-\d))[^\W_]+(?:[.'-][^\W_]+)*")
_WORD = re.compile(r"(?!\().+?(?=[.,;:)]*\Z)", re.DOTALL)  # without the punctuation around it
_ENTITIES: Mapping[str, str] = {"|": "&#124;", "\\": "&#92;", "`": "&#96;"}


def render(report: Report) -> Iterator[str]:
    """Yields the Markdown: open results first, known ones last; the last line counts the rows that do not fit."""
    before = ""
    for part in _report_parts(report):
        yield f"{before}{part}"
        before = "\n\n"
    yield "\n"


def _report_parts(report: Report) -> Iterator[str]:
    if len(report.audits) <= FEW_ACCOUNTS:
        yield from _head_parts(tally_audits(report.audits, report.fail_on), report)
        yield from _result_parts(report, report.audits, MOST)
        return
    found = summarize_report(report, ACCOUNTS_IN_FULL + ACCOUNT_LINES)
    yield from _head_parts(found.tally, report)
    sums = list(_summary_parts(found))
    yield from sums
    full = (report.audits[each.audit_index] for each in found.unclean_rows[:ACCOUNTS_IN_FULL])
    yield from _result_parts(report, full, MOST - sum(map(len, sums)), FINDINGS_PER_ACCOUNT)


def _result_parts(report: Report, audits: Iterable[Audit], room: int, most: int = sys.maxsize) -> Iterator[str]:
    """Yields the errors of the run and the results of audits that fit.

    room: characters for all of them
    most: rows for each audit
    """
    omitted = max(len(report.errors) - MAX_ERRORS_SHOWN, 0)
    for heading, results in _result_sections(report, audits):
        ranked = sorted(results, key=attrgetter("rank"))
        room -= len(heading) + (_FRAME if ranked else 0)
        fitting = list(_take_fitting(map(_result_row, ranked[:most]), room))
        room -= sum(map(len, fitting))
        omitted += len(ranked) - len(fitting)
        if heading and room > 0:
            yield heading
        if fitting:
            yield _result_table(fitting)
    if omitted:
        yield f"{pluralize(omitted, 'row')} did not fit here: the JSON report has everything."


def _result_sections(report: Report, audits: Iterable[Audit]) -> Iterator[tuple[str, Iterable[Result]]]:
    yield "", islice(run_error_results(report), MAX_ERRORS_SHOWN)
    yield from ((_account_heading(each), audit_results(each, report)) for each in audits)


def _summary_parts(found: ReportSummary) -> Iterator[str]:
    """Yields the numbers of accounts, the findings of each rule, and a row for each of the next worst accounts."""
    yield f"{pluralize(found.tally.audits, 'account')}: {account_statuses_text(found.tally.statuses)}."
    if found.tally.noted:
        yield noted_sentence(found.tally.noted)
    rules = list(_take_fitting(map(_rule_row, found.rules), MOST // 3))
    rest = len(found.rules) - len(rules)
    if rules:
        yield f"| | rule | findings | accounts | for example |\n|---|---|---|---|---|\n{''.join(rules)}".rstrip("\n")
    if rest:
        yield f"{pluralize(rest, 'rule')} more: the JSON report has them all."
    lines = list(_take_fitting(map(_account_row, found.unclean_rows[ACCOUNTS_IN_FULL:]), MOST // 3))
    left = found.count_others(found.unclean_rows[: ACCOUNTS_IN_FULL + len(lines)])
    if lines:
        yield "### Other accounts, worst first"
        yield f"| account | | findings |\n|---|---|---|\n{''.join(lines)}".rstrip("\n")
    if left and found.unclean_rows:
        yield f"{pluralize(left.total(), 'more account')}: {account_statuses_text(left)}. The JSON report has them all."


def _rule_row(found: RuleTotals) -> str:
    cells = (_escape_cell(found.rule), f"{found.findings:,}", f"{found.accounts:,}", _escape_cell(found.example))
    return f"| {found.severity} | {' | '.join(cells)} |\n"


def _account_row(row: AccountRow) -> str:
    alias = f" ({_escape_cell(row.alias)})" if row.alias else ""
    return f"| {_escape_cell(row.account)}{alias} | {row.status} | {row.counts_and_reasons} |\n"


def _head_parts(tally: Tally, report: Report) -> Iterator[str]:
    errors = len(report.errors)
    yield f"## koding-audit: {tally.status(errors)}"
    yield status_sentence(tally, errors)
    if tally.audits:
        yield totals_text(tally)
    gone, command = gone_sentence(tally.resolved), fix_command(tally)
    if gone:
        yield gone
    if report.skipped:
        yield _escape_cell(skipped_sentence(report.skipped))
    if command:
        yield f"To fix: {_code_span(clip_text(escape(command), _LONGEST))}"


def _account_heading(audit: Audit) -> str:
    account = audit.account
    heading = f"### Account {_escape_cell(account.id)}" + (f" ({_escape_cell(account.alias)})" if account.alias else "")
    changed = allowed_later_sentence(audit.allowed_later)
    return f"{heading}\n\n{_escape_cell(changed)}." if changed else heading


def _take_fitting(rows: Iterable[str], room: int) -> Iterator[str]:
    """Yields the first rows that fit together. room: characters."""
    for row in rows:
        room -= len(row)
        if room < 0:
            return
        yield row


def _result_table(rows: list[str]) -> str:
    table = f"{_HEADER}{''.join(rows)}".rstrip("\n")
    if len(rows) <= _OPEN:
        return table
    return f"<details><summary>{pluralize(len(rows), 'row')}</summary>\n\n{table}\n\n</details>"


def _result_row(result: Result) -> str:
    status = result.status if result.status != "open" else result.severity
    word = f"{status}, known" if result.known else status
    place = f"{result.location.path}:{result.location.line}" if result.location else ""
    cells = (word, result.message, result.todo, place, result.rule)
    return "| " + " | ".join(_escape_cell(each) if each else "" for each in cells) + " |\n"


def _escape_cell(text: str) -> str:
    """Returns a text without markup: every word with other characters than letters and digits becomes code.

    In code, nothing links or mentions anyone. A character that would end the code or the cell becomes an entity.
    """
    shown = clip_text(escape(text).strip(), _LONGEST)
    return "".join(_escape_token(found) for found in _TOKEN.finditer(shown)) or "-"


def _escape_token(found: re.Match[str]) -> str:
    if found["space"]:
        return " "
    if found["special"]:
        return _ENTITIES[found["special"]]
    return _WORD.sub(lambda word: word[0] if _PLAIN.fullmatch(word[0]) else f"`{word[0]}`", found["word"], count=1)


def _code_span(text: str) -> str:
    """Returns a text as code, between more backquotes than it has in a row."""
    fence = "`" * (max(map(len, re.findall(r"`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"
