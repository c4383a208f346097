"""The checkpoint of a run over many accounts: the reports of finished accounts, so that a later run can continue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from koding_audit import __version__
from koding_audit.io import sqlite
from koding_audit.io.json_text import Item, format_time, parse_json, write_json
from koding_audit.model.desired import Desired
from koding_audit.model.errors import InputError
from koding_audit.model.location import SourceFile
from koding_audit.model.report import Report
from koding_audit.report.codec import decode_report, encode_report

CHECKPOINT_LIFETIME = timedelta(hours=24)
"""How long a report in a checkpoint is used. An older one is not, because the account may have changed."""

CLOCK_DIFFERENCE = timedelta(minutes=5)
"""How far the clocks of machines that share a checkpoint may differ. A report of a later time is not used."""

SCHEMA_STEPS: Sequence[Sequence[str]] = (
    (
        "CREATE TABLE accounts (run TEXT NOT NULL, account TEXT NOT NULL, finished_at TEXT NOT NULL,"
        " report TEXT NOT NULL, PRIMARY KEY (run, account)) WITHOUT ROWID",
    ),
)

_BATCH_SIZE = 100  # reports per transaction
_APPLICATION_ID = 0x6B617572
_INSERT_REPORT = "INSERT OR REPLACE INTO accounts (run, account, finished_at, report) VALUES (?, ?, ?, ?)"
_SELECT_ACCOUNTS = "SELECT account FROM accounts WHERE run = ? AND finished_at > ? AND finished_at <= ?"
_SELECT_REPORT = "SELECT report FROM accounts WHERE run = ? AND finished_at > ? AND finished_at <= ? AND account = ?"


def run_fingerprint(desired: Desired, options: Iterable[object]) -> str:
    """SHA-256 over what determines the reports of a run: its files, its options as JSON values, the tool's version."""
    files = [[each.path, each.sha256] for each in desired.files]
    return hashlib.sha256(write_json([__version__, files, *options]).encode()).hexdigest()


def check_checkpoint_path(path: str) -> None:
    """Check the path of a checkpoint before a run, without creating the file. Raises InputError."""
    sqlite.check_database_path(path, _database_kind())


def read_completed_accounts(path: str, run: str, now: datetime) -> frozenset[str]:
    """The accounts whose reports of this run are saved; creates the file if it does not exist. Raises AuditError."""
    sqlite.create_database(path, _database_kind())
    with sqlite.open_database(path, _database_kind(), "BEGIN IMMEDIATE") as database:
        return frozenset(account for (account,) in database.execute(_SELECT_ACCOUNTS, (run, *_time_limits(now))))


def read_completed_reports(
    path: str, run: str, now: datetime, account_ids: Iterable[str], files: tuple[SourceFile, ...]
) -> Iterator[Report]:
    """The reports of finished accounts, one at a time. Raises AuditError, also for one of something else.

    now: the same time as for `read_completed_accounts`.
    files: the files of the desired state.

    The file is not locked while the caller uses a report, so other runs can save theirs.
    """
    rest = iter(account_ids)
    while batch := list(islice(rest, _BATCH_SIZE)):
        with sqlite.open_database(path, _database_kind(), "BEGIN") as database:
            rows = [database.execute(_SELECT_REPORT, (run, *_time_limits(now), each)).fetchone() for each in batch]
        for account_id, row in zip(batch, rows, strict=True):
            if row is None:
                raise _database_kind().unusable_error(path, f"the report of account {account_id} was removed from it")
            yield _decode_row(row[0], path, account_id, now, files)


def _decode_row(text: object, path: str, account_id: str, now: datetime, files: tuple[SourceFile, ...]) -> Report:
    """The report of a row. Raises AuditError if it is not of this account, these files and this day."""
    try:
        value = parse_json(Item(text, path).text(), path, is_own=True)
        report = decode_report(value, path)
    except InputError as error:
        raise _database_kind().unusable_error(path, f"the report of account {account_id}: {error.message}") from error
    oldest, newest = now - CHECKPOINT_LIFETIME, now + CLOCK_DIFFERENCE
    for audit in report.audits:
        if audit.account.id != account_id or audit.desired != files or not oldest < audit.taken_at <= newest:
            reason = f"the report of account {account_id} is of another account, desired state or day"
            raise _database_kind().unusable_error(path, reason, "name another file")
    return report


def _time_limits(now: datetime) -> tuple[str, str]:
    """The times between which an account must have been read."""
    return format_time(now - CHECKPOINT_LIFETIME), format_time(now + CLOCK_DIFFERENCE)


def save_account_report(path: str, run: str, account_id: str, report: Report) -> None:
    """Save the report of one account; it is on the disk when this returns. Raises AuditError.

    report: complete, so with an audit; its time is that when the account was read.
    """
    read_at = min(audit.taken_at for audit in report.audits)
    with sqlite.open_database(path, _database_kind(), "BEGIN IMMEDIATE") as database:
        database.execute(_INSERT_REPORT, (run, account_id, format_time(read_at), encode_report(report)))


def _database_kind() -> sqlite.DatabaseKind:
    return sqlite.DatabaseKind("file of a run", "--resume", "scan --resume FILE", _APPLICATION_ID, SCHEMA_STEPS)
