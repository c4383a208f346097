"""The checkpoint of a run over many accounts: the reports of finished accounts, so that a later run can continue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from koding_audit import __version__
from koding_audit.io import sqlite
from koding_audit.io.json_text import format_time, parse_json, write_json
from koding_audit.model.desired import Desired
from koding_audit.model.report import Report
from koding_audit.report.codec import decode_report, encode_report

CHECKPOINT_LIFETIME = timedelta(hours=24)
"""How long a report in a checkpoint is used. An older one is not, because the account may have changed."""

SCHEMA_STEPS: Sequence[Sequence[str]] = (
    (
        "CREATE TABLE accounts (run TEXT NOT NULL, account TEXT NOT NULL, finished_at TEXT NOT NULL,"
        " report TEXT NOT NULL, PRIMARY KEY (run, account)) WITHOUT ROWID",
    ),
)

_BATCH_SIZE = 100  # reports per transaction
_APPLICATION_ID = 0x6B617572
_INSERT_REPORT = "INSERT OR REPLACE INTO accounts (run, account, finished_at, report) VALUES (?, ?, ?, ?)"
_SELECT_ACCOUNTS = "SELECT account FROM accounts WHERE run = ? AND finished_at > ?"
_SELECT_REPORT = "SELECT report FROM accounts WHERE run = ? AND finished_at > ? AND account = ?"


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
        return frozenset(
            account for (account,) in database.execute(_SELECT_ACCOUNTS, (run, format_time(now - CHECKPOINT_LIFETIME)))
        )


def read_completed_reports(path: str, run: str, now: datetime, account_ids: Iterable[str]) -> Iterator[Report]:
    """The reports of finished accounts, one at a time. Raises AuditError.

    now: the same time as for `read_completed_accounts`.

    The file is not locked while the caller uses a report, so other runs can save theirs.
    """
    rest = iter(account_ids)
    while batch := list(islice(rest, _BATCH_SIZE)):
        with sqlite.open_database(path, _database_kind(), "BEGIN") as database:
            rows = [
                database.execute(_SELECT_REPORT, (run, format_time(now - CHECKPOINT_LIFETIME), each)).fetchone()
                for each in batch
            ]
        for account_id, row in zip(batch, rows, strict=True):
            if row is None:
                raise _database_kind().unusable_error(path, f"the report of account {account_id} was removed from it")
            yield decode_report(parse_json(row[0], path), path)


def save_account_report(path: str, run: str, account_id: str, report: Report, now: datetime) -> None:
    """Save the report of one account; it is on the disk when this returns. Raises AuditError."""
    with sqlite.open_database(path, _database_kind(), "BEGIN IMMEDIATE") as database:
        database.execute(_INSERT_REPORT, (run, account_id, format_time(now), encode_report(report)))


def _database_kind() -> sqlite.DatabaseKind:
    return sqlite.DatabaseKind("file of a run", "--resume", "scan --resume FILE", _APPLICATION_ID, SCHEMA_STEPS)
