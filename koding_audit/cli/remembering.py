"""`history`: since when each finding stands, what came and went, and a trend, from what `scan --history` keeps."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from koding_audit import history_file
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.errors import InputError
from koding_audit.frozen import replace
from koding_audit.history import Event, History, Point, Standing
from koding_audit.history_file import Failed
from koding_audit.jsontext import instant, write_json
from koding_audit.text import inert
from koding_audit.words import age, counted

_SHOWN = ("error", "warning", "note", "waived", "fixed", "not_checked")


def history(options: argparse.Namespace, terminal: Terminal) -> int:  # noqa: ARG001 - the commands' signature
    """Status 0 when it was shown, whatever stands. Raises AuditError."""
    failed, found = history_file.read(options.file)
    if options.account:
        found = tuple(each for each in found if each.track.account == options.account)
        if not found:
            hint = f"without --account, `koding-audit history {options.file}` shows which accounts it holds"
            raise InputError(f"the history {options.file} holds no audit of account {options.account}", hint)
    latest = [_latest(each, options.last) for each in found]
    emit(_json(latest, failed) if options.output == "json" else _table(latest, failed, options.last))
    return 0


def _latest(history: History, last: int) -> History:
    """The same, with the series and the events of its last audits only."""
    series = history.series[-last:] if last else ()
    events = tuple(each for each in history.events if series and each.at >= series[0].at)
    return replace(history, series=series, events=events)


# --- json ---------------------------------------------------------------------------------------


def _json(found: Iterable[History], failed: Iterable[Failed]) -> str:
    value = {
        "version": 1,
        "kind": "koding-audit-history",
        "accounts": [_account(each) for each in found],
        "failed": [{"at": instant(each.at), "errors": list(each.errors)} for each in failed],
    }
    return write_json(value, indent=2) + "\n"


def _account(history: History) -> dict[str, Any]:
    track = history.track
    return {
        "account": {"id": track.account, "partition": track.partition},
        "source": track.source,
        "endpoint": track.endpoint or None,
        "audits": history.audits,
        "standing": [_standing(each) for each in history.standing],
        "events": [
            {"at": instant(each.at), "event": each.kind, "id": each.finding.id, "severity": each.finding.severity}
            for each in history.events
        ],
        "trend": [_point(each) for each in history.series],
    }


def _standing(each: Standing) -> dict[str, Any]:
    finding = each.finding
    return {
        "id": finding.id,
        "rule": finding.rule,
        "severity": finding.severity,
        "status": finding.status,
        "subject": finding.subject,
        "message": finding.message,
        "since": instant(each.since),
        "seen": instant(each.seen),
        "known": each.known,
    }


def _point(each: Point) -> dict[str, Any]:
    return {
        "at": instant(each.at),
        "status": each.status,
        "partial": each.partial,
        "summary": dict(each.counts),
        "came": each.came,
        "went": each.went,
    }


# --- table --------------------------------------------------------------------------------------


def _table(found: Sequence[History], failed: Sequence[Failed], last: int) -> str:
    parts = [list(_shown(each, last)) for each in found]
    if failed:
        parts.append(["Runs that audited nothing", *(f"  {instant(each.at)}  {_why(each)}" for each in failed[-last:])])
    if not parts:
        parts.append(["No run is in this history yet."])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _why(failed: Failed) -> str:
    return inert("; ".join(failed.errors)) or "no reason was kept"


def _shown(history: History, last: int) -> Iterator[str]:
    track = history.track
    elsewhere = f" at {track.endpoint}" if track.endpoint else ""
    yield inert(f"Account   {track.account} (partition {track.partition}), {track.source}{elsewhere}")
    yield f"Audits    {history.audits}, the last at {instant(history.last.at)}: {history.last.status}"
    yield ""
    yield from _stand(history)
    yield from _events(history.events, last)
    yield from _trend(history.series, last)


def _stand(history: History) -> Iterator[str]:
    if not history.standing:
        yield "Nothing stands."
        return
    yield f"Stands    {counted(len(history.standing), 'finding')}"
    rows = [("severity", "since", "for", "finding")]
    for each in history.standing:
        status = "" if each.finding.status == "open" else f" ({each.finding.status})"
        unknown = "" if each.known else f" (not known since {instant(each.seen)})"
        told = f"{each.finding.rule}: {each.finding.message}{status}{unknown}"
        rows.append((each.finding.severity, instant(each.since), age(each.since, history.last.at), told))
    yield from _columns(rows)


def _events(events: Sequence[Event], last: int) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    if events:
        yield ""
        yield f"Came and went, in the last {counted(last, 'audit')}"
        for each in events:
            finding = each.finding
            rows.append((instant(each.at), each.kind, finding.severity, f"{finding.rule}: {finding.message}"))
        yield from _columns(rows)


def _trend(series: Sequence[Point], last: int) -> Iterator[str]:
    if series:
        yield ""
        yield f"Trend, in the last {counted(last, 'audit')}"
        rows = [("audit", "result", *(name.replace("_", " ") for name in _SHOWN), "came", "went")]
        for each in series:
            numbers = (*(each.counts[name] for name in _SHOWN), each.came, each.went)
            result = each.status + (" (some rules)" if each.partial else "")
            rows.append((instant(each.at), result, *map(str, numbers)))
        yield from _columns(rows)


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows with each cell as wide as its column; the last is as long as it is."""
    rows = [tuple(map(inert, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
