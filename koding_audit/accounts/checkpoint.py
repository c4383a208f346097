"""The checkpoint of a run over many accounts: the reports of finished accounts, so that a later run can continue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from koding_audit.io import sqlite
from koding_audit.io.json_text import Item, format_time, parse_json
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
    ("ALTER TABLE accounts ADD COLUMN checksum TEXT NOT NULL DEFAULT ''",),
)

_BATCH_SIZE = 100  # reports per transaction
_APPLICATION_ID = 0x6B617572
_INSERT_REPORT = "INSERT OR REPLACE INTO accounts (run, account, finished_at, report, checksum) VALUES (?, ?, ?, ?, ?)"
_SELECT_ACCOUNTS = "SELECT run, account FROM accounts WHERE finished_at > ? AND finished_at <= ?"
_SELECT_ROW = (
    "SELECT finished_at, report, checksum FROM accounts"
    " WHERE run = ? AND finished_at > ? AND finished_at <= ? AND account = ?"
)
_HINT = "name another file"


def check_checkpoint_path(path: str) -> None:
    """Check the path of a checkpoint before a run, without creating the file. Raises InputError."""
    sqlite.check_database_path(path, _database_kind())


def read_completed_accounts(path: str, runs: Mapping[str, str], now: datetime) -> frozenset[str]:
    """The accounts whose reports are saved; creates the file if it does not exist. Raises AuditError.

    runs: what the result of each account depends on, as a hash, by account id.
    """
    sqlite.create_database(path, _database_kind())
    with sqlite.open_database(path, _database_kind(), "BEGIN IMMEDIATE") as database:
        rows = database.execute(_SELECT_ACCOUNTS, _time_limits(now))
        return frozenset(account for run, account in rows if runs.get(account) == run)


def read_completed_reports(
    path: str, runs: Mapping[str, str], now: datetime, files: tuple[SourceFile, ...]
) -> Iterator[Report]:
    """The reports of finished accounts, one at a time. Raises AuditError, also for one of something else.

    runs: as for `read_completed_accounts`, of the finished accounts.
    now: the same time as for `read_completed_accounts`.
    files: the files of the desired state.

    The file is not locked while the caller uses a report, so other runs can save theirs.
    """
    rest = iter(runs.items())
    while batch := list(islice(rest, _BATCH_SIZE)):
        with sqlite.open_database(path, _database_kind(), "BEGIN") as database:
            rows = [
                database.execute(_SELECT_ROW, (run, *_time_limits(now), account)).fetchone() for account, run in batch
            ]
        for (account_id, run), row in zip(batch, rows, strict=True):
            if row is None:
                reason = f"the report of account {account_id} was removed from it"
                raise _database_kind().unusable_error(path, reason, _HINT)
            finished_at, text, checksum = row
            if checksum != _row_checksum(run, account_id, finished_at, text):
                reason = f"the report of account {account_id} is not as it was saved"
                raise _database_kind().unusable_error(path, reason, _HINT)
            yield _decode_row(text, path, account_id, now, files)


def _row_checksum(*values: object) -> str:
    """A hash over a row, against damage and edits by accident; it has no secret, so it is not a signature."""
    return hashlib.sha256(repr(values).encode("utf-8", "backslashreplace")).hexdigest()


def _decode_row(text: object, path: str, account_id: str, now: datetime, files: tuple[SourceFile, ...]) -> Report:
    """The report of a row. Raises AuditError if it is not of this account, these files and this day."""
    try:
        value = parse_json(Item(text, path).text(), path, is_own=True)
        report = decode_report(value, path)
    except InputError as error:
        reason = f"the report of account {account_id}: {error.message}"
        raise _database_kind().unusable_error(path, reason, _HINT) from error
    oldest, newest = now - CHECKPOINT_LIFETIME, now + CLOCK_DIFFERENCE
    for audit in report.audits:
        if audit.account.id != account_id or audit.desired != files or not oldest < audit.taken_at <= newest:
            reason = f"the report of account {account_id} is of another account, desired state or day"
            raise _database_kind().unusable_error(path, reason, _HINT)
    return report


def _time_limits(now: datetime) -> tuple[str, str]:
    """The times between which an account must have been read."""
    return format_time(now - CHECKPOINT_LIFETIME), format_time(now + CLOCK_DIFFERENCE)


def save_account_report(path: str, run: str, account_id: str, report: Report) -> None:
    """Save the report of one account; it is on the disk when this returns. Raises AuditError.

    run: what its result depends on, as a hash.
    report: complete, so with an audit; its time is that when the account was read.
    """
    row = (run, account_id, format_time(min(audit.taken_at for audit in report.audits)), encode_report(report))
    with sqlite.open_database(path, _database_kind(), "BEGIN IMMEDIATE") as database:
        database.execute(_INSERT_REPORT, (*row, _row_checksum(*row)))


def _database_kind() -> sqlite.DatabaseKind:
    return sqlite.DatabaseKind("file of a run", "--resume", "scan --resume FILE", _APPLICATION_ID, SCHEMA_STEPS)
