"""CSV for spreadsheets (RFC 4180): a row for each finding, gap, unfinished write and error of the run."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from koding_audit.io.text import escape
from koding_audit.model.report import Report
from koding_audit.report.results import Result, report_results

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


def _escape_cell(text: str) -> str:
    """Returns a cell's text, with an apostrophe if it would start a formula."""
    shown = escape(text).strip()
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
