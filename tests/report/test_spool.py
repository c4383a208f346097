"""The audits of many accounts on the disk: the same audits, as often as one likes, and nothing for anybody else."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from koding_audit.model.account import Account
from koding_audit.model.errors import AuditError
from koding_audit.model.report import Audit, Problem, Report
from koding_audit.report import spool
from tests.report.formats.reports import REPORTS, audit

EVERY = [
    replace(each, account=Account(f"{number:012}", "aws"))
    for number, each in enumerate(each for report in REPORTS.values() for each in report.audits)
]
MANY = [replace(EVERY[number % len(EVERY)], account=Account(f"{number:012}", "aws")) for number in range(60)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("number", [0, 1, spool.FEW, spool.FEW + 1, len(MANY)])
def test_however_many_there_are_they_are_what_they_were_and_in_their_order(number: int) -> None:
    given = MANY[::-1][:number]
    found = spool.spool_audits(iter(given))
    assert list(found) == list(found) == given
    assert len(found) == number
    assert [found[place] for place in range(number)] == given
    assert list(found[1:3]) == given[1:3]


def test_many_lie_on_the_disk_under_no_name_and_few_are_not_written_at_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    usual = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: made.append(usual()) or made[-1])
    spool.spool_audits(MANY[: spool.FEW])
    assert not made
    found = spool.spool_audits(MANY)
    assert list(folder.iterdir()) == []
    assert made[0].tell() > 0
    assert isinstance(found[0], Audit)
    assert found[0] is not found[0]


def test_a_full_disk_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 - the spool closes it
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: full)
    with pytest.raises(AuditError, match="could not store the findings: No space left on device") as caught:
        spool.spool_audits(MANY)
    assert "TMPDIR" in caught.value.hint


@pytest.mark.parametrize("number", [4, 40])
def test_reports_are_joined_by_account_with_each_error_once(number: int) -> None:
    here, there = Problem("account 2: no", "b"), Problem("account 1: no", "a")
    reports = [Report((each,), "note", (here,) if each is MANY[0] else ()) for each in MANY[:number]]
    found = spool.join_reports([*reports[::-1], Report((), errors=(there, here))])
    assert list(found.audits) == MANY[:number]
    assert found.errors == (there, here)
    assert found.fail_on == "note"


def test_an_audit_alone_is_no_matter_of_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: pytest.fail("written"))
    assert list(spool.join_reports([Report((audit(),))]).audits) == [audit()]
