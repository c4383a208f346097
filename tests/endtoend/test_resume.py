"""A run over many accounts that is killed, and begun again with the same file."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from tests.endtoend.harness import Command
from tests.simulator.account import AWS, Account
from tests.simulator.organization import Organization
from tests.simulator.server import listening

ACCOUNTS = [f"{number:012}" for number in range(100_000_000_001, 100_000_000_013)]
FILE = """version: 1
targets: {all: {accounts: [%s], role: audit}}
policy_sets: {read: {policies: [ReadOnlyAccess]}}
groups: {Readers: {required: [read], members: [ada]}}
"""


def account() -> Account:
    made = Account()
    made.add_policy(f"{AWS}ReadOnlyAccess")
    made.add("Group", "Readers", attached=[f"{AWS}ReadOnlyAccess"])
    made.add("User", "ada", groups={"Readers"})
    return made


def kept(path: Path) -> set[str]:
    """The accounts in the file of a run, as far as it is there."""
    if not path.exists():
        return set()
    with contextlib.closing(sqlite3.connect(path)) as database, contextlib.suppress(sqlite3.OperationalError):
        return {row[0] for row in database.execute("SELECT account FROM accounts")}
    return set()


def test_a_killed_run_that_is_begun_again_enters_no_account_that_it_was_done_with(tmp_path: Path) -> None:
    with listening(Organization(Account(), members={each: account() for each in ACCOUNTS})) as organization:
        command = Command(tmp_path, organization.url)
        (tmp_path / "desired.yaml").write_text(FILE % ", ".join(f'"{each}"' for each in ACCOUNTS))
        said = ("scan", "desired.yaml", "--resume", "all.run", "--parallel", "1", "--output", "json")
        process = command.start(*said)
        deadline = time.monotonic() + 60
        while len(kept(tmp_path / "all.run")) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.communicate()
        done = kept(tmp_path / "all.run")
        assert 3 <= len(done) < len(ACCOUNTS)
        organization.assumed.clear()
        again = command(*said)
    entered = [arn.split(":")[4] for arn, _ in organization.assumed]
    assert sorted(entered) == sorted(set(ACCOUNTS) - done)
    assert again.status == 0, again.stderr
    assert [each["account"]["id"] for each in again.report["audits"]] == ACCOUNTS
