"""`setup` over the simulated account: the status of a dry run, and the way out after a key whose secret is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.account import ACCOUNT, ALLOW_ALL, AWS, Account
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
