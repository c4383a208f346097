"""Which engine audits the accounts of a run, by its options and by how many accounts and processors there are."""

from __future__ import annotations

import os
from typing import cast

import pytest

from koding_audit.accounts import parallel
from koding_audit.accounts.options import EngineOptions
from koding_audit.accounts.worker import AccountJobs, AccountWork
from koding_audit.desired.targets import TargetAccount
from koding_audit.io.terminal import Terminal
from koding_audit.model.errors import AuditError
from tests.accounts.engines.work import Signed

OWN = {os.getpid()}


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "usable_processors", lambda: 2)


def processes(accounts: int, options: EngineOptions, refusal: str = "") -> set[int]:
    """The processes that audited so many accounts, each of them once."""
    ids = [f"{number:012}" for number in range(accounts)]
    jobs = AccountJobs([TargetAccount(each, "audit", "", frozenset(["all"])) for each in ids], None, "aws")
    work = cast("AccountWork", Signed(refusal))
    pairs = list(parallel.run_concurrently(work, jobs, options, Terminal()))
    found = dict(report.errors[0].message.split() for _, report in pairs)
    assert sorted(account for account, _ in pairs) == sorted(found) == ids
    return {int(each) for each in found.values()}


def test_more_than_200_accounts_are_audited_by_processes_where_nothing_else_was_asked_for() -> None:
    found = processes(201, EngineOptions())
    assert len(found) == 2
    assert not found & OWN


@pytest.mark.parametrize(
    ("accounts", "options"),
    [
        (0, EngineOptions("processes")),
        (200, EngineOptions()),
        (201, EngineOptions("threads")),
        (201, EngineOptions(parallel=7)),  # two processes would have less than four accounts each at a time
    ],
)
def test_otherwise_this_process_audits_them(accounts: int, options: EngineOptions) -> None:
    assert processes(accounts, options) == (OWN if accounts else set())


def test_one_processor_is_used_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "usable_processors", lambda: 1)
    assert processes(201, EngineOptions()) == OWN


def test_as_many_processes_as_were_asked_for_are_used_for_few_accounts_too() -> None:
    assert len(processes(30, EngineOptions("processes", workers=3)) - OWN) == 3


def test_where_a_process_finds_no_credentials_threads_do_it_and_a_note_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert processes(201, EngineOptions(), refusal="profile x needs an MFA code") == OWN
    assert capsys.readouterr().err == (
        "The accounts are audited by one process: a worker process cannot do the work: profile x needs an MFA code\n"
    )


def test_where_processes_were_asked_for_their_missing_credentials_are_an_error() -> None:
    with pytest.raises(AuditError, match="a worker process cannot do the work: profile x needs an MFA code") as caught:
        processes(201, EngineOptions("processes"), refusal="profile x needs an MFA code")
    assert caught.value.hint == "sign in first"
