"""The file of a run over many accounts, shared by the runs of its shards."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from koding_audit.accounts import checkpoint
from koding_audit.io.json_text import format_time
from koding_audit.model.account import Account
from koding_audit.model.errors import AuditError
from koding_audit.model.location import SourceFile
from koding_audit.model.report import Report
from koding_audit.report.codec import encode_report
from tests.report.formats.reports import NOW, audit

IDS = ["111111111111", "222222222222"]
RUNS = dict.fromkeys(IDS, "run")


def report(account_id: str, **more: object) -> Report:
    return Report((audit(account=Account(account_id, "aws"), **more),))


FILES = report("1").audits[0].desired


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file in which two accounts are kept."""
    named = str(tmp_path / "all.run")
    checkpoint.read_completed_accounts(named, RUNS, NOW)
    for each in IDS:
        checkpoint.save_account_report(named, "run", each, report(each))
    return named


def test_another_run_keeps_its_accounts_while_those_that_are_done_are_gone_through(path: str) -> None:
    found = checkpoint.read_completed_reports(path, RUNS, NOW, FILES)
    assert next(found).audits[0].account.id == IDS[0]
    checkpoint.save_account_report(path, "run", "333333333333", report("333333333333"))
    assert [each.audits[0].account.id for each in found] == IDS[1:]


def test_an_account_that_was_done_and_is_gone_is_no_silence(path: str) -> None:
    with pytest.raises(AuditError, match="the report of account 333333333333 was removed from it"):
        list(checkpoint.read_completed_reports(path, {**RUNS, "333333333333": "run"}, NOW, FILES))


@pytest.mark.parametrize(
    ("hours", "is_used"), [(0, True), (23.9, True), (24, False), (-0.05, True), (-1, False)], ids=str
)
def test_an_account_counts_as_done_for_a_day_since_it_was_read_and_never_from_the_future(
    path: str, hours: float, is_used: bool
) -> None:
    now = NOW + timedelta(hours=hours)
    assert checkpoint.read_completed_accounts(path, RUNS, now) == (set(IDS) if is_used else set())


OTHERS = {
    "another account": report("333333333333"),
    "another desired state": report(IDS[0], desired=(SourceFile("other.yaml", "0" * 64),)),
    "another day": report(IDS[0], taken_at=NOW - timedelta(hours=25)),
    "a later time": report(IDS[0], taken_at=NOW + timedelta(hours=1)),
}


def put(path: str, account_id: str, text: str) -> None:
    """Put a report in the place of one that is kept, with the checksum that it would have."""
    with closing(sqlite3.connect(path)) as database, database:
        (at,) = database.execute("SELECT finished_at FROM accounts WHERE account = ?", (account_id,)).fetchone()
        row = (text, checkpoint._row_checksum("run", account_id, at, text), account_id)
        database.execute("UPDATE accounts SET report = ?, checksum = ? WHERE account = ?", row)


def refusal(path: str) -> AuditError:
    with pytest.raises(AuditError) as raised:
        list(checkpoint.read_completed_reports(path, RUNS, NOW, FILES))
    return raised.value


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_report_of_something_else_is_never_taken(path: str, other: Report) -> None:
    put(path, IDS[0], encode_report(other))
    assert "is of another account, desired state or day" in refusal(path).message


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"version": 1', '"version": 1, "version": 1', 'duplicate key "version"'),
        ('"audits"', '"audit"', "audits: missing"),
        ('"status": "clean"', '"status": "findings"', "audits[0].status: must be clean, as its findings give"),
    ],
    ids=["a key twice", "a key less", "another status"],
)
def test_a_report_that_is_none_is_named_by_its_account_with_what_to_do(
    path: str, old: str, new: str, told: str
) -> None:
    put(path, IDS[1], encode_report(report(IDS[1])).replace(old, new))
    error = refusal(path)
    assert f"the report of account {IDS[1]}: " in error.message
    assert told in error.message
    assert error.hint == "name another file"


@pytest.mark.parametrize(
    "change",
    [
        "report = replace(report, 'tool', 'took')",
        f"finished_at = '{format_time(NOW - timedelta(hours=1))}'",
        "checksum = ''",
    ],
    ids=["report", "time", "checksum"],
)
def test_a_row_that_is_not_as_it_was_saved_is_an_error_also_where_it_reads_well(path: str, change: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute(f"UPDATE accounts SET {change} WHERE account = ?", (IDS[1],)).rowcount == 1
    error = refusal(path)
    assert f"the report of account {IDS[1]} is not as it was saved" in error.message
    assert error.hint == "name another file"
