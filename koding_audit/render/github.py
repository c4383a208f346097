"""Workflow commands of GitHub Actions, which put what stands beside the lines of a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from koding_audit.conclusion import departed, judged, standing, totals
from koding_audit.model import SEVERITIES, Report, Severity
from koding_audit.overview import FEW
from koding_audit.results import Result, errors, results_of
from koding_audit.text import inert
from koding_audit.verdict import Tally
from koding_audit.words import counted

MOST = 10
"""Annotations of each kind that GitHub takes from one step; it drops the others without a word."""

_KINDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> Iterator[str]:
    """The worst first, up to MOST of each kind; the last lines say what it comes to, and what was left out.

    What is known comes after all that is new, and as notices: an error beside a line reads as what made the step fail.
    """
    tally, noted = Tally(report.fail_on), _Noted()
    for each in errors(report):
        noted.add(each)
    for audit in report.audits:
        tally.add(audit)
        for each in results_of(audit, report):
            noted.add(each)
    yield from (f"{line}\n" for line in noted.lines())
    if tally.audits > FEW:
        yield f"koding-audit: {counted(tally.audits, 'account')}: {standing(tally.statuses)}\n"
    yield f"koding-audit: {totals(tally)}; {judged(tally, len(report.errors))}\n"
    gone = departed(tally.gone)
    if gone:
        yield f"koding-audit: {gone}\n"
    left_out = noted.left_out()
    if left_out:
        numbers = ", ".join(counted(left_out[kind], kind) for kind in _KINDS.values() if left_out[kind])
        yield f"koding-audit: not shown beside lines, as GitHub takes {MOST} of each kind from a step: {numbers}\n"


class _Noted:
    """The first of each rank and severity, no more than could be shown, and how many there are."""

    def __init__(self) -> None:
        self._first: dict[tuple[int, int], list[Result]] = {}
        self._all: Counter[str] = Counter()

    def add(self, result: Result) -> None:
        if result.rank < 2:
            first = self._first.setdefault((result.rank, SEVERITIES.index(result.severity)), [])
            if len(first) < MOST:
                first.append(result)
            self._all[_kind(result)] += 1

    def lines(self) -> Iterator[str]:
        shown: Counter[str] = Counter()
        for each in (each for _, first in sorted(self._first.items()) for each in first):
            kind = _kind(each)
            shown[kind] += 1
            if shown[kind] <= MOST:
                yield _command(kind, each)

    def left_out(self) -> Counter[str]:
        """How many of each kind are in no line."""
        return self._all - Counter(dict.fromkeys(_KINDS.values(), MOST))


def _kind(result: Result) -> str:
    return "notice" if result.rank else _KINDS[result.severity]


def _command(kind: str, result: Result) -> str:
    place = result.place
    properties = {"title": f"koding-audit {result.title}{' (known)' if result.known else ''}"}
    if place:
        properties = {"file": place.path, "line": str(place.line), "col": str(place.column), **properties}
    elif result.file:
        properties = {"file": result.file, "line": "1", **properties}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {said}::{_data(result.line)}"


def _data(text: str) -> str:
    """What stands after the second `::`; a line break, were there one, would begin another command."""
    shown = inert(text).strip() or "-"
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
