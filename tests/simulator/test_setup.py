"""`setup` over the simulated account: the status of a dry run, and the way out after a key whose secret is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.account import ACCOUNT, ALLOW_ALL, AWS, Account
from tests.simulator.death import Death, ended, environment, executed, killing
from tests.simulator.scenario import Run, command
from tests.simulator.server import Simulator, serving

FILE = f"""version: 1
account: {{id: '{ACCOUNT}'}}
users: {{ada: {{access_keys: {{max_active: 2}}}}}}
groups: {{Readers: {{members: [ada]}}}}
"""
ADMIN = f"""version: 1
account: {{id: '{ACCOUNT}'}}
policy_sets: {{all: {{policies: [AdministratorAccess]}}}}
groups: {{Readers: {{required: [all], members: [ada]}}}}
"""
PIN = ("--yes", "--account", ACCOUNT)
KEY = ("--save-key", "profile:ada")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """An account with a user, and another one who calls."""
    account = Account()
    account.add("User", "ada")
    account.add("User", "auditor")
    account.add_policy(f"{AWS}AdministratorAccess", ALLOW_ALL)
    with serving(account) as server:
        yield server


def set_up(simulator: Simulator, folder: Path, *more: str, file: str = FILE) -> Run:
    (folder / "desired.yaml").write_text(file)
    return command(simulator, folder, "setup", str(folder / "desired.yaml"), *more, "--output", "json")


def denial(*actions: str) -> str:
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]})


def test_a_dry_run_of_setup_ends_0_only_if_the_plan_and_the_key_can_be_made(
    simulator: Simulator, tmp_path: Path
) -> None:
    shown = set_up(simulator, tmp_path, "--dry-run", *KEY)
    assert (shown.status, shown.report["status"], shown.writes) == (0, "findings", ()), shown.output
    simulator.account.answer("CreateAccessKey", {"UserName": "ada"})
    lost = set_up(simulator, tmp_path, "--dry-run", *KEY)
    assert (lost.status, lost.report["status"]) == (2, "incomplete")
    assert "which profile ada does not have" in lost.output


@pytest.mark.parametrize(
    ("file", "more", "told"),
    [
        (f"{FILE}userz: {{}}\n", (), "userz"),
        (FILE, ("--account", "999999999999"), "999999999999"),
        (FILE, (*KEY, "--user", "zed"), "declares no such user"),
        (ADMIN, (), "an administrator"),
    ],
    ids=["unknown key", "another account", "undeclared user", "administration"],
)
def test_a_dry_run_of_setup_that_is_refused_ends_2(
    simulator: Simulator, tmp_path: Path, file: str, more: tuple[str, ...], told: str
) -> None:
    seen = set_up(simulator, tmp_path, "--dry-run", *more, file=file)
    assert (seen.status, seen.report["status"], seen.writes) == (2, "incomplete", ()), seen.output
    assert told in seen.report["errors"][0]["message"]


@pytest.mark.parametrize("denied", ["*", "iam:ListGroupsForUser"])
def test_a_dry_run_of_setup_that_may_not_read_ends_2(simulator: Simulator, tmp_path: Path, denied: str) -> None:
    simulator.account.permissions = denial(denied)
    seen = set_up(simulator, tmp_path, "--dry-run")
    assert (seen.status, seen.report["status"]) == (2, "incomplete"), seen.output


def test_a_dry_run_of_setup_without_an_answer_ends_2(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "desired.yaml").write_text(FILE)
    said = ("setup", str(tmp_path / "desired.yaml"), "--dry-run", "--endpoint-url", "http://127.0.0.1:9")
    seen = command(simulator, tmp_path, *said, "--output", "json", endpoint=False)
    assert (seen.status, seen.report["status"]) == (2, "incomplete"), seen.output


def killed_behind_the_key(simulator: Simulator, folder: Path) -> str:
    """The journal of a setup that died after it had created a key, before it was saved."""
    file = FILE.rpartition("groups:")[0]
    (folder / "desired.yaml").write_text(file)
    with killing(simulator, Death("call", ("CreateAccessKey UserName=ada", 1), "after")) as known:
        said = ["--", "setup", str(folder / "desired.yaml"), "--yes", *KEY, "--endpoint-url", simulator.url]
        child = executed(said, environment(folder), folder)
        known(child)
        ended(child)
    simulator.forget()
    return next(str(each) for each in folder.rglob("*.jsonl") if "CreateAccessKey" in each.read_text())


def test_undo_of_a_setup_that_died_behind_the_key_says_how_to_delete_it(simulator: Simulator, tmp_path: Path) -> None:
    journal = killed_behind_the_key(simulator, tmp_path)
    keys = simulator.account.state.entities["User", "ada"].keys
    (key,) = keys
    commands = ("list-access-keys --user-name ada", "delete-access-key --user-name ada --access-key-id KEY_ID")
    for more in (("--dry-run",), PIN):
        undone = command(simulator, tmp_path, "undo", journal, *more)
        assert (undone.status, undone.writes, set(keys)) == (2, (), {key})
        assert f"not everything could be undone: user ada may have a key of this run (its id ends in {key[-4:]})" in (
            undone.output
        )
        assert all(each in undone.output for each in commands)
        assert "was interrupted" in undone.output  # also the second time: the note stays while the key does
        assert "run `koding-audit undo" not in undone.output
    again = set_up(simulator, tmp_path, *PIN, *KEY, file=FILE.rpartition("groups:")[0])
    assert (again.status, again.writes) == (2, ())
    assert "was interrupted" in again.output
    assert all(each in again.report["errors"][0]["hint"] for each in commands)
    keys.clear()  # as the hint says
    simulator.account.now += 300
    done = command(simulator, tmp_path, "undo", journal, *PIN)
    assert (done.status, done.writes) == (0, ()), done.output
