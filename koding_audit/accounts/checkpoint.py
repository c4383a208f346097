"""The file of a run over many accounts: what was found in each that is done, so that a run that died can go on."""

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
"""Older than that, what was found is no part of a run any more: accounts change."""

SCHEMA_STEPS: Sequence[Sequence[str]] = (
    (
        "CREATE TABLE accounts (run TEXT NOT NULL, account TEXT NOT NULL, finished_at TEXT NOT NULL,"
        " report TEXT NOT NULL, PRIMARY KEY (run, account)) WITHOUT ROWID",
    ),
)

_BATCH_SIZE = 100  # reports that are read in one transaction
_APPLICATION_ID = 0x6B617572
_INSERT_REPORT = "INSERT OR REPLACE INTO accounts (run, account, finished_at, report) VALUES (?, ?, ?, ?)"
_SELECT_ACCOUNTS = "SELECT account FROM accounts WHERE run = ? AND finished_at > ?"
_SELECT_REPORT = "SELECT report FROM accounts WHERE run = ? AND finished_at > ? AND account = ?"


def run_fingerprint(desired: Desired, said: Iterable[object]) -> str:
    """What tells this run from another: the bytes of its files, what else was said, as JSON values, and the tool."""
    files = [[each.path, each.sha256] for each in desired.files]
    return hashlib.sha256(write_json([__version__, files, *said]).encode()).hexdigest()


def check_checkpoint_path(path: str) -> None:
    """Whether the file can be called that, as far as can be told before it is made. Raises InputError."""
    sqlite.check_database_path(path, _database_kind())


def read_completed_accounts(path: str, run: str, now: datetime) -> frozenset[str]:
    """The accounts whose reports of this run are kept; the file is made where there is none. Raises AuditError."""
    sqlite.create_database(path, _database_kind())
    with sqlite.open_database(path, _database_kind(), "BEGIN IMMEDIATE") as kept:
        return frozenset(
            account for (account,) in kept.execute(_SELECT_ACCOUNTS, (run, format_time(now - CHECKPOINT_LIFETIME)))
        )


def read_completed_reports(path: str, run: str, now: datetime, account_ids: Iterable[str]) -> Iterator[Report]:
    """The reports of accounts that are done, one at a time; now: as `done` was told. Raises AuditError.

    No other run that keeps its accounts in the file has to wait until whoever asked is done with them.
    """
    rest = iter(account_ids)
    while some := list(islice(rest, _BATCH_SIZE)):
        with sqlite.open_database(path, _database_kind(), "BEGIN") as kept:
            rows = [
                kept.execute(_SELECT_REPORT, (run, format_time(now - CHECKPOINT_LIFETIME), each)).fetchone()
                for each in some
            ]
        for account_id, row in zip(some, rows, strict=True):
            if row is None:
                raise _database_kind().unusable_error(
                    path, f"what was found in account {account_id} was taken out of it"
                )
            yield decode_report(parse_json(row[0], path), path)


def save_account_report(path: str, run: str, account_id: str, report: Report, now: datetime) -> None:
    """Keep the report of one account, on the disk when this returns. Raises AuditError."""
    with sqlite.open_database(path, _database_kind(), "BEGIN IMMEDIATE") as kept:
        kept.execute(_INSERT_REPORT, (run, account_id, format_time(now), encode_report(report)))


def _database_kind() -> sqlite.DatabaseKind:
    return sqlite.DatabaseKind("file of a run", "--resume", "scan --resume FILE", _APPLICATION_ID, SCHEMA_STEPS)
