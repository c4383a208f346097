"""The history file of `scan --history`: a SQLite database with the findings of each run; several runs may write it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from koding_audit import __version__
from koding_audit.io import sqlite
from koding_audit.io.json_text import Item, format_time, parse_json, write_json
from koding_audit.model.clock import MAX_SKEW, is_future
from koding_audit.model.errors import InputError
from koding_audit.model.finding import SEVERITIES, Finding, FindingStatus
from koding_audit.model.frozen import dataclass
from koding_audit.model.report import Audit, AuditScope, Report, RunStatus, TrendPoint
from koding_audit.report.history import (
    AuditRecord,
    History,
    HistoryKey,
    build_histories,
    distinct_records,
    trend_point,
)
from koding_audit.report.status import audit_status, report_status

if TYPE_CHECKING:
    import sqlite3

TREND_LENGTH = 100
"""Number of audits in a trend."""

_APPLICATION_ID = 0x6B617564
_RUN_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)
_FINDING_STATUSES: tuple[FindingStatus, ...] = get_args(FindingStatus)
_SCOPE_FIELDS = ("targets", "with_sets", "stacks")

STEPS: Sequence[Sequence[str]] = (
    (
        "CREATE TABLE runs (id INTEGER PRIMARY KEY, recorded_at TEXT NOT NULL, tool TEXT NOT NULL,"
        " status TEXT NOT NULL, rules TEXT, errors TEXT NOT NULL)",
        "CREATE TABLE audits (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, partition TEXT NOT NULL,"
        " account TEXT NOT NULL, source TEXT NOT NULL, endpoint TEXT NOT NULL, taken_at TEXT NOT NULL,"
        " status TEXT NOT NULL)",
        "CREATE TABLE findings (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, rule TEXT NOT NULL,"
        " subject TEXT NOT NULL, key TEXT NOT NULL, message TEXT NOT NULL)",
        "CREATE TABLE sightings (audit INTEGER NOT NULL REFERENCES audits,"
        " finding INTEGER NOT NULL REFERENCES findings, severity TEXT NOT NULL, status TEXT NOT NULL,"
        " PRIMARY KEY (audit, finding)) WITHOUT ROWID",
    ),
    ("ALTER TABLE audits ADD COLUMN files TEXT",),
    ("ALTER TABLE audits ADD COLUMN scope TEXT",),
)

_ADD_FINDING = (
    "INSERT INTO findings (id, rule, subject, key, message) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET message = excluded.message WHERE message <> excluded.message"
)
_ADD_SIGHTING = "INSERT INTO sightings SELECT ?, number, ?, ? FROM findings WHERE id = ?"
_AUDITS = (
    "SELECT audits.id, partition, account, source, endpoint, taken_at, audits.status, files, scope, rules"
    " FROM audits JOIN runs ON runs.id = run"
)
# After the time of its recording, or after now. A text that cannot be read as a time stays, and is refused.
_IS_FUTURE = f"(julianday(taken_at) > min(julianday(recorded_at), julianday(?)) + {MAX_SKEW} / 86400.0) IS 1"
_TIMES = "SELECT partition, account, taken_at, recorded_at FROM audits JOIN runs ON runs.id = run"
_FUTURE = f"{_TIMES} WHERE {_IS_FUTURE} ORDER BY audits.id"
# Without the Z, a whole second sorts before its fractions.
_IN_ORDER = f"{_AUDITS} WHERE NOT ({_IS_FUTURE}) ORDER BY replace(taken_at, 'Z', ''), audits.id"
_BACKWARDS = (
    f"{_AUDITS} WHERE partition = ? AND account = ? AND source = ? AND endpoint = ?"
    " AND replace(taken_at, 'Z', '') <= replace(?, 'Z', '')"
    f" AND NOT ({_IS_FUTURE})"
    " ORDER BY replace(taken_at, 'Z', '') DESC, audits.id DESC LIMIT ?"
)
_FAILED = "SELECT recorded_at, errors FROM runs WHERE id NOT IN (SELECT run FROM audits) ORDER BY recorded_at, id"
_SIGHTINGS = "SELECT finding, severity, status FROM sightings WHERE audit = ? ORDER BY finding"
_FINDINGS = "SELECT rule, subject, message, key FROM findings WHERE number = ?"


def _history_kind() -> sqlite.DatabaseKind:
    return sqlite.DatabaseKind("history", "--history", "scan --history FILE", _APPLICATION_ID, STEPS)


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run in which no account was audited.

    at: when it was recorded
    errors: the messages of its errors
    """

    at: datetime
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FutureAudit:
    """An audit that is left out, because its time is after that of its recording, or after now.

    partition: of the account
    account: its id
    taken_at: when the account was read, it says
    recorded_at: when it was recorded
    """

    partition: str
    account: str
    taken_at: datetime
    recorded_at: datetime


def check_history_path(path: str) -> None:
    """Checks that a path can be a history file, before the run has anything to record. Raises AuditError."""
    sqlite.check_database_path(path, _history_kind())
    sqlite.refuse_wal(path, _history_kind())


def append_run(
    path: str, report: Report, rules: Iterable[str] | None, now: datetime, *, wait: float = sqlite.WAIT
) -> None:
    """Adds a run to the history file, completely or not at all; a new file is readable by its owner only.

    Raises AuditError; InputError if an account was read in the future.

    rules: the rules that ran, None for all
    wait: seconds to wait for other runs that write
    """
    for audit in report.audits:
        if is_future(audit.taken_at, now):
            message = f"account {audit.account.id} was read in the future, at {format_time(audit.taken_at)}"
            raise InputError(message, "correct the clock, or make the snapshot again")
    sqlite.create_database(path, _history_kind())
    with sqlite.open_database(path, _history_kind(), "BEGIN IMMEDIATE", wait) as database:
        chosen = None if rules is None else write_json(sorted(rules))
        errors = write_json([each.message for each in report.errors])
        values = (format_time(now), report.made_by or __version__, report_status(report), chosen, errors)
        run = database.execute(
            "INSERT INTO runs (recorded_at, tool, status, rules, errors) VALUES (?, ?, ?, ?, ?)", values
        ).lastrowid
        for audit in report.audits:
            _insert_audit(database, run, audit, audit_status(audit, report.fail_on))


def read_history(
    path: str, now: datetime, *, wait: float = sqlite.WAIT
) -> tuple[tuple[FailedRun, ...], tuple[History, ...]]:
    """Returns the runs without any audit, and the history of each account, without future audits. Raises AuditError."""
    with sqlite.read_database(path, _history_kind(), wait) as database:
        failed = tuple(_read_failed_run(row, path) for row in database.execute(_FAILED).fetchall())
        rows = database.execute(_IN_ORDER, (format_time(now),)).fetchall()
        return failed, build_histories(_read_records(database, rows, path))


def read_future_audits(path: str, now: datetime, *, wait: float = sqlite.WAIT) -> tuple[FutureAudit, ...]:
    """Returns the audits that `read_history` leaves out. Raises AuditError."""
    with sqlite.read_database(path, _history_kind(), wait) as database:
        rows = [Item(list(row), path, "audits").items() for row in database.execute(_FUTURE, (format_time(now),))]
        return tuple(FutureAudit(row[0].text(), row[1].text(), row[2].time(), row[3].time()) for row in rows)


def read_trend(path: str, audit: Audit, *, wait: float = sqlite.WAIT) -> tuple[TrendPoint, ...]:
    """Returns the last TREND_LENGTH audits of an audit's account up to this audit, oldest first. Raises AuditError."""
    with sqlite.read_database(path, _history_kind(), wait) as database:
        taken_at = format_time(audit.taken_at)
        rows = database.execute(_BACKWARDS, (*_history_key(audit), taken_at, taken_at, TREND_LENGTH)).fetchall()
        return tuple(map(trend_point, distinct_records(_read_records(database, rows[::-1], path))))


def _read_records(database: sqlite3.Connection, rows: Iterable[Sequence[object]], path: str) -> Iterator[AuditRecord]:
    """Yields the audit of each row with its findings."""
    known: dict[object, Finding] = {}
    for number, *texts, files, scope, rules in rows:
        row = Item(texts, path, "audits").items()
        sightings = database.execute(_SIGHTINGS, (number,)).fetchall()
        for each in sightings:
            if each not in known:  # most audits have the same findings as the one before
                known[each] = _read_finding(database, each, path)
        yield AuditRecord(
            history_key=HistoryKey(*(each.text() for each in row[:4])),
            taken_at=row[4].time(),
            status=row[5].choice(_RUN_STATUSES),
            rules=None if rules is None else frozenset(_read_texts(rules, path)),
            findings=tuple(known[each] for each in sightings),
            files=None if files is None else _read_files(files, path),
            scope=None if scope is None else _read_scope(scope, path),
        )


def _read_failed_run(row: Sequence[object], path: str) -> FailedRun:
    return FailedRun(Item(row[0], path, "runs.recorded_at").time(), _read_texts(row[1], path))


def _read_texts(value: object, path: str) -> tuple[str, ...]:
    """Returns a list of texts that is stored as JSON."""
    return _read_item(value, path).tuple_of(Item.text)


def _read_item(value: object, path: str) -> Item:
    return Item(parse_json(Item(value, path, "runs").text(), path), path, "runs")


def _read_finding(database: sqlite3.Connection, sighting: Sequence[object], path: str) -> Finding:
    number, severity, status = sighting
    found = database.execute(_FINDINGS, (number,)).fetchone() or (None,) * 4
    rule, subject, message, key = Item(list(found), path, "findings").items()
    return Finding(
        rule=rule.text(),
        severity=Item(severity, path, "sightings").choice(SEVERITIES),
        subject=subject.text(),
        message=message.text(),
        key=key.text(),
        status=Item(status, path, "sightings").choice(_FINDING_STATUSES),
    )


def _insert_audit(database: sqlite3.Connection, run: int | None, audit: Audit, status: RunStatus) -> None:
    number = database.execute(
        "INSERT INTO audits (run, partition, account, source, endpoint, taken_at, status, files, scope)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (run, *_history_key(audit), format_time(audit.taken_at), status, _files_text(audit), _scope_text(audit)),
    ).lastrowid
    texts = ((each.id, each.rule, each.subject, each.key, each.message) for each in audit.findings)
    database.executemany(_ADD_FINDING, (tuple(map(_escape_surrogates, row)) for row in texts))
    seen = ((number, each.severity, each.status, _escape_surrogates(each.id)) for each in audit.findings)
    database.executemany(_ADD_SIGHTING, seen)


def _files_text(audit: Audit) -> str:
    """Returns the files of the desired state as JSON: the SHA-256 of each by its path."""
    return write_json({os.path.normpath(each.path): each.sha256 for each in audit.desired})


def _read_files(value: object, path: str) -> Mapping[str, str]:
    """Returns the files of an audit; before their contents were recorded, this was a list of paths."""
    item = _read_item(value, path)
    if isinstance(item.value, list):
        return dict.fromkeys(item.tuple_of(Item.text), "")
    return {name: each.text() for name, each in item.mapping().items()}


def _scope_text(audit: Audit) -> str | None:
    """Returns the scope as JSON, without the rules: they are those of the run."""
    if audit.scope is None:
        return None
    return write_json({name: list(getattr(audit.scope, name)) for name in _SCOPE_FIELDS})


def _read_scope(value: object, path: str) -> AuditScope:
    fields = _read_item(value, path).fields(*_SCOPE_FIELDS)
    return AuditScope(**{name: fields[name].tuple_of(Item.text) for name in _SCOPE_FIELDS})


def _history_key(audit: Audit) -> HistoryKey:
    return HistoryKey(audit.account.partition, audit.account.id, audit.source.partition(":")[0], audit.endpoint or "")


def _escape_surrogates(text: str) -> str:
    """Returns a text with lone surrogates escaped, because UTF-8 cannot encode them."""
    return text.encode("utf-8", "backslashreplace").decode()
