"""`history`: since when each finding is open, what is new and resolved, and a trend, from a history file."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from koding_audit.cli.output import emit
from koding_audit.io.json_text import format_time, write_json
from koding_audit.io.memory import limit_memory
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, format_age, pluralize
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.report import history_store
from koding_audit.report.history import EventKind, FindingEvent, History, HistoryPoint, TrackedFinding
from koding_audit.report.history_store import FailedRun, FutureAudit

_TREND_COLUMNS = ("error", "warning", "note", "waived", "fixed", "not_checked")
_EVENT_WORDS: Mapping[EventKind, str] = {
    "came": "new",
    "went": "resolved",
    "fixed": "fixed",
    "changed": "gone, file changed",
}


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:  # noqa: ARG001 - the commands' signature
    """Print the history. Status 0, also if there are open findings. Raises AuditError."""
    now = datetime.now(timezone.utc)
    with limit_memory(namespace.file):
        failed, found = history_store.read_history(namespace.file, now)
        future = history_store.read_future_audits(namespace.file, now)
    if namespace.account:
        future = tuple(each for each in future if each.account == namespace.account)
        found = tuple(each for each in found if each.history_key.account == namespace.account)
        if not found and not future:
            hint = f"run `koding-audit history {namespace.file}`, which shows all its accounts"
            raise InputError(f"the history {namespace.file} has no audit of account {namespace.account}", hint)
    latest = [_keep_last(each, namespace.last) for each in found]
    emit(
        _history_json(latest, failed, future)
        if namespace.output == "json"
        else _history_table(latest, failed, future, namespace.last)
    )
    return 0


def _keep_last(history: History, last: int) -> History:
    """The history, with the series and the events of its last audits only."""
    series = history.series[-last:] if last else ()
    events = tuple(each for each in history.events if series and each.at >= series[0].at)
    return replace(history, series=series, events=events)


# --- json ---------------------------------------------------------------------------------------


def _history_json(found: Iterable[History], failed: Iterable[FailedRun], future: Iterable[FutureAudit]) -> str:
    value = {
        "version": 1,
        "kind": "koding-audit-history",
        "accounts": [_account_value(each) for each in found],
        "failed": [{"at": format_time(each.at), "errors": list(each.errors)} for each in failed],
        "future": [
            {
                "account": {"id": each.account, "partition": each.partition},
                "at": format_time(each.taken_at),
                "recorded_at": format_time(each.recorded_at),
            }
            for each in future
        ],
    }
    return write_json(value, indent=2) + "\n"


def _account_value(history: History) -> dict[str, Any]:
    track = history.history_key
    return {
        "account": {"id": track.account, "partition": track.partition},
        "source": track.source,
        "endpoint": track.endpoint or None,
        "audits": history.audits,
        "standing": [_tracked_value(each) for each in history.tracked],
        "events": [
            {"at": format_time(each.at), "event": each.kind, "id": each.finding.id, "severity": each.finding.severity}
            for each in history.events
        ],
        "trend": [_point_value(each) for each in history.series],
    }


def _tracked_value(each: TrackedFinding) -> dict[str, Any]:
    finding = each.finding
    return {
        "id": finding.id,
        "rule": finding.rule,
        "severity": finding.severity,
        "status": finding.status,
        "subject": finding.subject,
        "message": finding.message,
        "since": format_time(each.since),
        "seen": format_time(each.last_seen),
        "known": each.is_confirmed,
    }


def _point_value(each: HistoryPoint) -> dict[str, Any]:
    return {
        "at": format_time(each.at),
        "status": each.status,
        "partial": each.partial,
        "summary": dict(each.counts),
        "came": each.new_count,
        "went": each.resolved_count,
    }


# --- table --------------------------------------------------------------------------------------


def _history_table(
    found: Sequence[History], failed: Sequence[FailedRun], future: Sequence[FutureAudit], last: int
) -> str:
    parts = [list(_history_lines(each, last)) for each in found]
    if failed:
        parts.append(
            [
                "Runs that audited nothing",
                *(f"  {format_time(each.at)}  {_failure_reason(each)}" for each in failed[-last:]),
            ]
        )
    if future:
        parts.append(["Audits from the future, which are left out: a clock was wrong", *map(_future_line, future)])
    if not parts:
        parts.append(["No run is in this history yet."])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _future_line(audit: FutureAudit) -> str:
    recorded = format_time(audit.recorded_at)
    return escape(f"  {format_time(audit.taken_at)}  account {audit.account}, recorded at {recorded}")


def _failure_reason(failed: FailedRun) -> str:
    return escape("; ".join(failed.errors)) or "no reason was saved"


def _history_lines(history: History, last: int) -> Iterator[str]:
    track = history.history_key
    elsewhere = f" at {track.endpoint}" if track.endpoint else ""
    yield escape(f"Account   {track.account} (partition {track.partition}), {track.source}{elsewhere}")
    yield f"Audits    {history.audits}, the last at {format_time(history.last.at)}: {history.last.status}"
    yield ""
    yield from _open_finding_lines(history)
    yield from _event_lines(history.events, last)
    yield from _trend_lines(history.series, last)


def _open_finding_lines(history: History) -> Iterator[str]:
    if not history.tracked:
        yield "No finding is open."
        return
    yield f"Open      {pluralize(len(history.tracked), 'finding')}"
    rows = [("severity", "since", "for", "finding")]
    for each in history.tracked:
        status = "" if each.finding.status == "open" else f" ({each.finding.status})"
        unknown = "" if each.is_confirmed else f" (not known since {format_time(each.last_seen)})"
        text = f"{each.finding.rule}: {each.finding.message}{status}{unknown}"
        rows.append((each.finding.severity, format_time(each.since), format_age(each.since, history.last.at), text))
    yield from _align_columns(rows)


def _event_lines(events: Sequence[FindingEvent], last: int) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    if events:
        yield ""
        yield f"New and resolved, in the last {pluralize(last, 'audit')}"
        for each in events:
            finding = each.finding
            rows.append(
                (format_time(each.at), _EVENT_WORDS[each.kind], finding.severity, f"{finding.rule}: {finding.message}")
            )
        yield from _align_columns(rows)


def _trend_lines(series: Sequence[HistoryPoint], last: int) -> Iterator[str]:
    if series:
        yield ""
        yield f"Trend, in the last {pluralize(last, 'audit')}"
        rows = [("audit", "result", *(name.replace("_", " ") for name in _TREND_COLUMNS), "new", "resolved")]
        for each in series:
            numbers = (*(each.counts[name] for name in _TREND_COLUMNS), each.new_count, each.resolved_count)
            result = each.status + (" (some rules)" if each.partial else "")
            rows.append((format_time(each.at), result, *map(str, numbers)))
        yield from _align_columns(rows)


def _align_columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The rows, with each cell padded to the width of its column."""
    rows = [tuple(map(escape, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
