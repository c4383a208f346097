"""Workflow commands of GitHub Actions, which annotate the lines of a pull request with open results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from koding_audit.io.text import escape, pluralize
from koding_audit.model.finding import SEVERITIES, Severity
from koding_audit.model.report import Report
from koding_audit.report.results import Result, audit_results, run_error_results
from koding_audit.report.status import Tally
from koding_audit.report.summary import FEW_ACCOUNTS
from koding_audit.report.wording import (
    account_statuses_text,
    allowed_later_sentence,
    gone_sentence,
    skipped_sentence,
    status_sentence,
    totals_text,
)

MOST = 10
"""Annotations of each kind that GitHub accepts from one step; it silently drops the others."""

_ANNOTATION_KINDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> Iterator[str]:
    """Yields annotations, the worst first, up to MOST of each kind; then the totals and the number of omitted ones.

    Known results come last and are notices: readers take an error beside a line for the reason why the step failed.
    """
    tally, annotations = Tally(report.fail_on), _Annotations()
    changed: list[str] = []
    for each in run_error_results(report):
        annotations.add_result(each)
    for audit in report.audits:
        tally.add_audit(audit)
        if audit.allowed_later:
            changed.append(f"account {audit.account.id}: {allowed_later_sentence(audit.allowed_later)}")
        for each in audit_results(audit, report):
            annotations.add_result(each)
    yield from (f"{line}\n" for line in annotations.command_lines())
    yield from (f"koding-audit: {escape(each)}\n" for each in changed[:MOST])
    if tally.audits > FEW_ACCOUNTS:
        yield f"koding-audit: {pluralize(tally.audits, 'account')}: {account_statuses_text(tally.statuses)}\n"
    yield f"koding-audit: {totals_text(tally)}; {status_sentence(tally, len(report.errors))}\n"
    for line in filter(None, [gone_sentence(tally.resolved), escape(skipped_sentence(report.skipped))]):
        yield f"koding-audit: {line}\n"
    omitted = annotations.count_omitted()
    if omitted:
        numbers = ", ".join(pluralize(omitted[kind], kind) for kind in _ANNOTATION_KINDS.values() if omitted[kind])
        yield f"koding-audit: not annotated, because GitHub accepts {MOST} of each kind from a step: {numbers}\n"


class _Annotations:
    """Collects the first results of each rank and severity, at most MOST, and counts all results."""

    def __init__(self) -> None:
        self._first: dict[tuple[int, int], list[Result]] = {}
        self._all: Counter[str] = Counter()

    def add_result(self, result: Result) -> None:
        """Adds a result, unless it is fixed or waived."""
        if result.rank < 2:
            first = self._first.setdefault((result.rank, SEVERITIES.index(result.severity)), [])
            if len(first) < MOST:
                first.append(result)
            self._all[_annotation_kind(result)] += 1

    def command_lines(self) -> Iterator[str]:
        """Yields the workflow commands."""
        shown: Counter[str] = Counter()
        for each in (each for _, first in sorted(self._first.items()) for each in first):
            kind = _annotation_kind(each)
            shown[kind] += 1
            if shown[kind] <= MOST:
                yield _workflow_command(kind, each)

    def count_omitted(self) -> Counter[str]:
        """Returns how many annotations of each kind have no command."""
        return self._all - Counter(dict.fromkeys(_ANNOTATION_KINDS.values(), MOST))


def _annotation_kind(result: Result) -> str:
    return "notice" if result.rank else _ANNOTATION_KINDS[result.severity]


def _workflow_command(kind: str, result: Result) -> str:
    place = result.location
    properties = {"title": f"koding-audit {result.title}{' (known)' if result.known else ''}"}
    if place:
        properties = {"file": place.path, "line": str(place.line), "col": str(place.column), **properties}
    elif result.file:
        properties = {"file": result.file, "line": "1", **properties}
    pairs = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{kind} {pairs}::{_escape_data(result.line)}"


def _escape_data(text: str) -> str:
    """Returns the text after the second `::`; an unescaped line break would start another command."""
    shown = escape(text).strip() or "-"
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
