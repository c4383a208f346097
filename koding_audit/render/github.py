"""Workflow commands of GitHub Actions, which put what stands beside the lines of a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from operator import attrgetter

from koding_audit.conclusion import departed, judged, totals
from koding_audit.model import Report, Severity
from koding_audit.results import Result, results, worst_first
from koding_audit.text import inert
from koding_audit.verdict import status_of
from koding_audit.words import counted

MOST = 10
"""Annotations of each kind that GitHub takes from one step; it drops the others without a word."""

_KINDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> str:
    """The worst first, up to MOST of each kind; the last lines say what it comes to, and what was left out.

    What is known comes after all that is new, and as notices: an error beside a line reads as what made the step fail.
    """
    standing = sorted((each for each in worst_first(results(report)) if each.rank < 2), key=attrgetter("rank"))
    left_out: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    lines = []
    for each in standing:
        kind = "notice" if each.rank else _KINDS[each.severity]
        if shown[kind] == MOST:
            left_out[kind] += 1
        else:
            shown[kind] += 1
            lines.append(_command(kind, each))
    verdict = judged(report.audits, status_of(report), len(report.errors), report.fail_on)
    lines.append(f"koding-audit: {totals(report.audits)}; {verdict}")
    gone = departed(report.audits)
    lines += [f"koding-audit: {gone}"] if gone else []
    if left_out:
        numbers = ", ".join(counted(left_out[kind], kind) for kind in _KINDS.values() if left_out[kind])
        lines.append(
            f"koding-audit: not shown beside lines, as GitHub takes {MOST} of each kind from a step: {numbers}"
        )
    return "".join(f"{line}\n" for line in lines)


def _command(kind: str, result: Result) -> str:
    place = result.place
    properties = {"title": f"koding-audit {result.title}{' (known)' if result.known else ''}"}
    if place:
        properties = {"file": place.path, "line": str(place.line), "col": str(place.column), **properties}
    elif result.file:
        properties = {"file": result.file, "line": "1", **properties}
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {said}::{_data(f'{result.message}; {result.todo}' if result.todo else result.message)}"


def _data(text: str) -> str:
    """What stands after the second `::`; a line break, were there one, would begin another command."""
    shown = inert(text).strip() or "-"
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
