"""A row for each finding, and for each thing that was not read, written or done, for spreadsheets (RFC 4180)."""

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

# What a spreadsheet takes for the beginning of a formula, in full width too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render(report: Report) -> Iterator[str]:
    """Lines end with CR and LF, as RFC 4180 wants them."""
    writer = csv.writer(_EchoWriter(), lineterminator="\r\n")
    yield writer.writerow(HEADER)
    for result in report_results(report):
        yield writer.writerow([_escape_cell(each) for each in _result_row(result)])


class _EchoWriter:
    """What a writer writes to: writerow gives back what this does."""

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
    """The text, with an apostrophe before what would be a formula."""
    shown = escape(text).strip()
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
