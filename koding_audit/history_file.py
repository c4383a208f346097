"""The file that `scan --history` keeps: a SQLite database of what each run found, which several runs may write to."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from urllib.parse import quote

from koding_audit import __version__
from koding_audit.errors import AuditError, InputError
from koding_audit.frozen import dataclass
from koding_audit.history import History, Kept, Track, measured, told
from koding_audit.jsontext import Item, instant, read_json, write_json
from koding_audit.model import SEVERITIES, Audit, Finding, FindingStatus, Measured, Report, RunStatus
from koding_audit.verdict import audit_status, status_of

if TYPE_CHECKING:
    import sqlite3

TREND = 100
"""Audits of a trend."""

WAIT = 15.0  # seconds that a run waits for another one that is writing: each writes for an instant

_OURS = 0x6B617564  # SQLite's application_id, in the file's head
_RUN_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)
_FINDING_STATUSES: tuple[FindingStatus, ...] = get_args(FindingStatus)

# From each version of the file to the next; its version (user_version) is how many were taken. Never change one that
# was released: add another.
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
)

_HINTS: Mapping[str, str] = {
    "database is locked": "another run holds it: see which, and run again",
    "database or disk is full": "make room on its disk",
    "disk I/O error": "make room on its disk, or look after it",
    "file is not a database": "this is no history: name another file",
    "database disk image is malformed": "move it away, and the next run begins a new one;"
    " `sqlite3 FILE .recover` may save what it held",
    "attempt to write a readonly database": "it has to be writable, and its folder too",
    "unable to open database file": "it has to be readable and writable, and its folder too",
}

_ADD_FINDING = (
    "INSERT INTO findings (id, rule, subject, key, message) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET message = excluded.message WHERE message <> excluded.message"
)
_ADD_SIGHTING = "INSERT INTO sightings SELECT ?, number, ?, ? FROM findings WHERE id = ?"
_AUDITS = (
    "SELECT audits.id, partition, account, source, endpoint, taken_at, audits.status, rules"
    " FROM audits JOIN runs ON runs.id = run"
)
# Without the Z, a second comes before its fractions.
_IN_ORDER = f"{_AUDITS} ORDER BY replace(taken_at, 'Z', ''), audits.id"
_BACKWARDS = (
    f"{_AUDITS} WHERE partition = ? AND account = ? AND source = ? AND endpoint = ?"
    " AND replace(taken_at, 'Z', '') <= replace(?, 'Z', '')"
    " ORDER BY replace(taken_at, 'Z', '') DESC, audits.id DESC LIMIT ?"
)
_FAILED = "SELECT recorded_at, errors FROM runs WHERE id NOT IN (SELECT run FROM audits) ORDER BY recorded_at, id"
_SIGHTINGS = "SELECT finding, severity, status FROM sightings WHERE audit = ? ORDER BY finding"
_FINDINGS = "SELECT rule, subject, message, key FROM findings WHERE number = ?"


@dataclass(frozen=True, slots=True)
class Failed:
    """A run in which nothing was audited: when it was kept, and its errors."""

    at: datetime
    errors: tuple[str, ...]


def check_named(path: str) -> None:
    """Whether a history can be called that, as far as can be told before there is anything to keep.

    Raises InputError.
    """
    if path == "-" or path.endswith("/") or os.path.isdir(path):  # noqa: PTH112 - Path's own raises for a long name
        raise InputError(f"--history: {path} is no name of a file", "name the file, with its folder")
    folder = Path(path).parent
    if not os.path.isdir(folder):  # noqa: PTH112 - as above
        raise InputError(f"--history: {path} cannot be made: {folder} is no folder", "make the folder first")


def append(path: str, report: Report, rules: Iterable[str] | None, now: datetime, *, wait: float = WAIT) -> None:
    """Add a run to the file, which is made for its owner alone where there is none; all of it, or nothing.

    rules: those that ran, None for all; wait: seconds for others that are writing. Raises AuditError.
    """
    _make(path)
    with _opened(path, "BEGIN IMMEDIATE", wait) as database:
        _migrate(database, path)
        chosen = None if rules is None else write_json(sorted(rules))
        errors = write_json([each.message for each in report.errors])
        said = (instant(now), report.made_by or __version__, status_of(report), chosen, errors)
        run = database.execute(
            "INSERT INTO runs (recorded_at, tool, status, rules, errors) VALUES (?, ?, ?, ?, ?)", said
        ).lastrowid
        for audit in report.audits:
            _add(database, run, audit, audit_status(audit, report.fail_on))


def read(path: str, *, wait: float = WAIT) -> tuple[tuple[Failed, ...], tuple[History, ...]]:
    """The runs in which nothing was audited, and the history of each account. Raises AuditError."""
    with _opened(path, "BEGIN", wait) as database:
        _migrate(database, path)
        failed = tuple(_failed(row, path) for row in database.execute(_FAILED).fetchall())
        return failed, told(_audits(database, database.execute(_IN_ORDER).fetchall(), path))


def trend(path: str, audit: Audit, *, wait: float = WAIT) -> tuple[Measured, ...]:
    """The last TREND audits of its account that were made no later, the oldest first. Raises AuditError."""
    with _opened(path, "BEGIN", wait) as database:
        _migrate(database, path)
        rows = database.execute(_BACKWARDS, (*_track(audit), instant(audit.taken_at), TREND)).fetchall()
        return tuple(measured(each) for each in _audits(database, rows[::-1], path))


def _audits(database: sqlite3.Connection, rows: Iterable[Sequence[object]], path: str) -> Iterator[Kept]:
    """Each audit that is asked for, with what it found."""
    known: dict[object, Finding] = {}
    for number, *texts, rules in rows:
        row = Item(texts, path, "audits").items()
        sightings = database.execute(_SIGHTINGS, (number,)).fetchall()
        for each in sightings:
            if each not in known:  # most audits see what the one before saw
                known[each] = _finding(database, each, path)
        yield Kept(
            track=Track(*(each.text() for each in row[:4])),
            taken_at=row[4].time(),
            status=row[5].choice(_RUN_STATUSES),
            rules=None if rules is None else frozenset(_texts(rules, path)),
            findings=tuple(known[each] for each in sightings),
        )


def _failed(row: Sequence[object], path: str) -> Failed:
    return Failed(Item(row[0], path, "runs.recorded_at").time(), _texts(row[1], path))


def _texts(value: object, path: str) -> tuple[str, ...]:
    """A list of texts that is kept as JSON."""
    return Item(read_json(Item(value, path, "runs").text(), path), path, "runs").each(Item.text)


def _finding(database: sqlite3.Connection, sighting: Sequence[object], path: str) -> Finding:
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


def _add(database: sqlite3.Connection, run: int | None, audit: Audit, status: RunStatus) -> None:
    number = database.execute(
        "INSERT INTO audits (run, partition, account, source, endpoint, taken_at, status) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run, *_track(audit), instant(audit.taken_at), status),
    ).lastrowid
    texts = ((each.id, each.rule, each.subject, each.key, each.message) for each in audit.findings)
    database.executemany(_ADD_FINDING, (tuple(map(_storable, row)) for row in texts))
    seen = ((number, each.severity, each.status, _storable(each.id)) for each in audit.findings)
    database.executemany(_ADD_SIGHTING, seen)


def _track(audit: Audit) -> Track:
    return Track(audit.account.partition, audit.account.id, audit.source.partition(":")[0], audit.endpoint or "")


def _storable(text: str) -> str:
    """The text, with halves of characters, which UTF-8 cannot hold, written out."""
    return text.encode("utf-8", "backslashreplace").decode()


# --- the file -----------------------------------------------------------------------------------


def _make(path: str) -> None:
    """An empty file for its owner alone, where there is none: SQLite itself would make one that others can read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        pass
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        raise _unusable(path, error.strerror if isinstance(error, OSError) else str(error)) from error


def _check_file(path: str) -> tuple[int, int]:
    """The device and inode of a plain file of its own name. Raises AuditError: a link would lead SQLite elsewhere."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _unusable(path, reason, "`scan --history FILE` makes it") from error
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise _unusable(path, "it is no plain file of its own, and is not written through", "name the file itself")
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def _opened(path: str, begin: str, wait: float) -> Iterator[sqlite3.Connection]:
    """The database within one transaction, which is undone where the block ends with an error. Raises AuditError."""
    try:
        import sqlite3  # noqa: PLC0415 - only where there is a history
    except ImportError as error:  # a Python that was built without it
        raise _unusable(path, "this Python has no sqlite3", "use one that has") from error
    before = _check_file(path)
    try:
        # `rw` makes no file: if somebody took ours away since, that is an error.
        uri = f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode=rw"  # noqa: PTH100 - resolving would follow links
        database = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
        with contextlib.closing(database):
            # SQLite has opened it by name: what is under that name is still what was looked at.
            if _check_file(path) != before:
                raise _unusable(path, "it was exchanged while it was opened")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA trusted_schema = OFF")  # a file from elsewhere runs no function of its own
            database.execute(begin)
            try:
                yield database
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.rollback()
    except sqlite3.Error as error:
        raise _explained(path, error) from error


def _migrate(database: sqlite3.Connection, path: str) -> None:
    """Bring the file to the version of STEPS, within the transaction. Raises AuditError: it is not ours."""
    ours, version, tables = (
        database.execute(question).fetchone()[0]
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if ours != _OURS and (ours or version or tables):
        raise _unusable(path, "it is a database of something else", "name another file")
    if version > len(STEPS):
        hint = "upgrade koding-audit, or name another file"
        raise _unusable(path, f"its version {version} is newer than this koding-audit knows ({len(STEPS)})", hint)
    for statement in (each for step in STEPS[version:] for each in step):
        database.execute(statement)
    if version < len(STEPS):
        database.execute(f"PRAGMA application_id = {_OURS}")
        database.execute(f"PRAGMA user_version = {len(STEPS)}")


def _explained(path: str, error: sqlite3.Error) -> AuditError:
    """SQLite's error, whose text holds no value of ours, with what to do about it."""
    return _unusable(path, str(error), _HINTS.get(str(error), ""))


def _unusable(path: str, reason: str | None, hint: str = "") -> AuditError:
    return AuditError(f"the history {path} cannot be used: {reason}", hint)
