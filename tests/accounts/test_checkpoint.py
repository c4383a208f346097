"""The file of a run over many accounts, shared by the runs of its shards."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.accounts import checkpoint
from koding_audit.model.account import Account
from koding_audit.model.errors import AuditError
from koding_audit.model.report import Report
from tests.report.formats.reports import NOW, audit

IDS = ["111111111111", "222222222222"]


def report(account_id: str) -> Report:
    return Report((audit(account=Account(account_id, "aws")),))


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file in which two accounts are kept."""
    named = str(tmp_path / "all.run")
    checkpoint.read_completed_accounts(named, "run", NOW)
    for each in IDS:
        checkpoint.save_account_report(named, "run", each, report(each), NOW)
    return named


def test_another_run_keeps_its_accounts_while_those_that_are_done_are_gone_through(path: str) -> None:
    found = checkpoint.read_completed_reports(path, "run", NOW, IDS)
    assert next(found).audits[0].account.id == IDS[0]
    checkpoint.save_account_report(path, "run", "333333333333", report("333333333333"), NOW)
    assert [each.audits[0].account.id for each in found] == IDS[1:]


def test_an_account_that_was_done_and_is_gone_is_no_silence(path: str) -> None:
    with pytest.raises(AuditError, match="the report of account 333333333333 was removed from it"):
        list(checkpoint.read_completed_reports(path, "run", NOW, [*IDS, "333333333333"]))
