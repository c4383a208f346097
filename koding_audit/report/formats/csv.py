"""CSV for spreadsheets (RFC 4180): a row for each finding, gap, unfinished write, error and skipped account."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from koding_audit.io.text import escape
from koding_audit.model.report import Report, SkippedAccount
from koding_audit.report.results import Result, report_results
from koding_audit.report.wording import SKIPPED, skipped_message

HEADER = (
    *("account", "severity", "status", "rule", "subject", "policy_set", "message", "todo"),
    *("path", "line", "column", "id", "known"),
)

# Characters with which a spreadsheet starts a formula, in full width too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render(report: Report) -> Iterator[str]:
    """Yields the lines of the CSV file; they end with CR and LF, as RFC 4180 requires."""
    writer = csv.writer(_EchoWriter(), lineterminator="\r\n")
    yield writer.writerow(HEADER)
    for result in report_results(report):
        yield writer.writerow([_escape_cell(each) for each in _result_row(result)])
    for account in report.skipped:
        yield writer.writerow([_escape_cell(each) for each in _skipped_row(account)])


class _EchoWriter:
    """A file for csv.writer that returns the text, so that writerow returns it too."""

    def write(self, text: str) -> str:
        return text


def _result_row(result: Result) -> tuple[str, ...]:
    place = result.location
    policy_set = result.finding.policy_set if result.finding else None
    return (
        *(result.account, result.severity, result.status, result.rule, result.subject, policy_set or ""),
        *(result.message, result.todo),
        *((place.path, str(place.line), str(place.column)) if place else ("", "", "")),
        result.id,
        "known" if result.known else "",
    )


def _skipped_row(account: SkippedAccount) -> tuple[str, ...]:
    name = account.account_id
    known = {"account": name, "severity": "note", "status": "skipped", "rule": SKIPPED}
    known |= {"message": skipped_message(account), "id": f"{SKIPPED}/{name}"}
    return tuple(known.get(column, "") for column in HEADER)


def _escape_cell(text: str) -> str:
    """Returns a cell's text, with an apostrophe if it would start a formula."""
    shown = escape(text).strip()
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
