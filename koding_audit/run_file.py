"""The file of a run over many accounts: what was found in each that is done, so that a run that died can go on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from koding_audit import __version__, codec, database
from koding_audit.jsontext import instant, read_json, write_json
from koding_audit.model import Desired, Report

LIFE = timedelta(hours=24)
"""Older than that, what was found is no part of a run any more: accounts change."""

STEPS: Sequence[Sequence[str]] = (
    (
        "CREATE TABLE accounts (run TEXT NOT NULL, account TEXT NOT NULL, finished_at TEXT NOT NULL,"
        " report TEXT NOT NULL, PRIMARY KEY (run, account)) WITHOUT ROWID",
    ),
)

_AT_ONCE = 100  # reports that are read in one transaction
_OURS = 0x6B617572
_PUT = "INSERT OR REPLACE INTO accounts (run, account, finished_at, report) VALUES (?, ?, ?, ?)"
_DONE = "SELECT account FROM accounts WHERE run = ? AND finished_at > ?"
_KEPT = "SELECT report FROM accounts WHERE run = ? AND finished_at > ? AND account = ?"


def run_of(desired: Desired, said: Iterable[object]) -> str:
    """What tells this run from another: the bytes of its files, what else was said, as JSON values, and the tool."""
    files = [[each.path, each.sha256] for each in desired.files]
    return hashlib.sha256(write_json([__version__, files, *said]).encode()).hexdigest()


def check_named(path: str) -> None:
    """Whether the file can be called that, as far as can be told before it is made. Raises InputError."""
    database.check_named(path, _kind())


def done(path: str, run: str, now: datetime) -> frozenset[str]:
    """The accounts whose reports of this run are kept; the file is made where there is none. Raises AuditError."""
    database.make(path, _kind())
    with database.opened(path, _kind(), "BEGIN IMMEDIATE") as kept:
        return frozenset(account for (account,) in kept.execute(_DONE, (run, instant(now - LIFE))))


def reports(path: str, run: str, now: datetime, account_ids: Iterable[str]) -> Iterator[Report]:
    """The reports of accounts that are done, one at a time; now: as `done` was told. Raises AuditError.

    No other run that keeps its accounts in the file has to wait until whoever asked is done with them.
    """
    rest = iter(account_ids)
    while some := list(islice(rest, _AT_ONCE)):
        with database.opened(path, _kind(), "BEGIN") as kept:
            rows = [kept.execute(_KEPT, (run, instant(now - LIFE), each)).fetchone() for each in some]
        for account_id, row in zip(some, rows, strict=True):
            if row is None:
                raise _kind().unusable(path, f"what was found in account {account_id} was taken out of it")
            yield codec.decode_report(read_json(row[0], path), path)


def keep(path: str, run: str, account_id: str, report: Report, now: datetime) -> None:
    """Keep the report of one account, on the disk when this returns. Raises AuditError."""
    with database.opened(path, _kind(), "BEGIN IMMEDIATE") as kept:
        kept.execute(_PUT, (run, account_id, instant(now), codec.encode_report(report)))


def _kind() -> database.Kind:
    return database.Kind("file of a run", "--resume", "scan --resume FILE", _OURS, STEPS)
