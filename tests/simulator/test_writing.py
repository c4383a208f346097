"""What a run refuses just before its first write, and what an exclusive user leaves, over the simulated account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.account import ACCOUNT, AWS, Account
from tests.simulator.scenario import Run, command, fixed, undo
from tests.simulator.server import Simulator, serving

PIN = ("--account", ACCOUNT)
MANAGED = """version: 1
policy_sets: {read: {policies: [ReadOnlyAccess]}}
groups:
  Readers: {required: [read], managed_by: terraform}
  Others: {members: [ada]}
"""
NOBODY = "version: 1\nusers: {ada: {exclusive: true}}\n"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with serving(Account()) as server:
        yield server


def leaving(simulator: Simulator, folder: Path, *more: str) -> Run:
    """A fix by which ada leaves the group Old, which no file declares."""
    (folder / "desired.yaml").write_text(NOBODY)
    file = str(folder / "desired.yaml")
    return command(simulator, folder, "scan", file, "--fix", "--replace", "--yes", *PIN, "--output", "json", *more)


def test_an_exclusive_user_leaves_a_group_that_no_file_declares_and_undo_brings_it_back(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.account.add("Group", "Old")
    ada = simulator.account.add("User", "ada", groups={"Old"})
    seen = leaving(simulator, tmp_path)
    assert (seen.status, seen.writes) == (0, ("RemoveUserFromGroup GroupName=Old UserName=ada",)), seen.output
    assert ada.groups == set()
    (tmp_path / "journal.jsonl").replace(tmp_path / "fix.jsonl")
    simulator.forget()
    back = undo(simulator, tmp_path)
    assert (back.status, ada.groups) == (0, {"Old"}), back.output


def test_a_saved_plan_to_leave_an_undeclared_group_is_applied_and_refused_when_the_user_moved(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.account.add("Group", "Old")
    ada = simulator.account.add("User", "ada", groups={"Old"})
    (tmp_path / "desired.yaml").write_text(NOBODY)
    plan = str(tmp_path / "fix.plan")
    made = ("plan", str(tmp_path / "desired.yaml"), "--replace", "--out", plan)
    assert command(simulator, tmp_path, *made, journal=False).status == 0
    simulator.account.add("Group", "New")
    ada.groups.add("New")
    moved = command(simulator, tmp_path, "apply", plan, "--yes", *PIN)
    assert (moved.status, moved.writes) == (2, ())
    ada.groups.remove("New")
    assert command(simulator, tmp_path, "apply", plan, "--yes", *PIN).status == 0
    assert ada.groups == set()


@pytest.mark.parametrize(
    ("caller", "told"),
    [
        ("arn:aws:iam::210987654321:user/auditor", "account 210987654321"),
        (f"arn:aws-cn:iam::{ACCOUNT}:user/auditor", "(partition aws-cn)"),
        (f"arn:aws:iam::{ACCOUNT}:root", f"root of account {ACCOUNT}"),
    ],
    ids=["account", "partition", "root"],
)
def test_credentials_that_are_somebody_elses_just_before_the_first_write_are_refused(
    simulator: Simulator, tmp_path: Path, caller: str, told: str
) -> None:
    simulator.account.add("Group", "Old")
    simulator.account.add("User", "ada", groups={"Old"})
    simulator.after["GetCallerIdentity", 1] = lambda: setattr(simulator.account, "caller", caller)
    seen = leaving(simulator, tmp_path)
    assert (seen.status, seen.writes, seen.journal) == (2, (), ())
    (error,) = seen.report["errors"]
    assert f"account {ACCOUNT} was audited" in error["message"]
    assert told in error["message"]


def test_credentials_that_changed_before_an_undo_are_refused(simulator: Simulator, tmp_path: Path) -> None:
    fixed(simulator, tmp_path)
    simulator.forget()
    other = "arn:aws:iam::210987654321:user/auditor"
    simulator.after["GetCallerIdentity", 1] = lambda: setattr(simulator.account, "caller", other)
    seen = undo(simulator, tmp_path)
    assert (seen.status, seen.writes) == (2, ())
    assert "account 210987654321" in seen.output


def test_an_entity_of_another_account_is_not_written(simulator: Simulator, tmp_path: Path) -> None:
    simulator.account.add("Group", "Old")
    ada = simulator.account.add("User", "ada", groups={"Old"})
    # The second look at ada is the one just before the write.
    simulator.before["GetUser UserName=ada", 2] = lambda: setattr(ada, "account", "210987654321")
    seen = leaving(simulator, tmp_path)
    assert (seen.status, seen.writes) == (2, ())
    assert "user ada is not in the audited account: arn:aws:iam::210987654321:user/ada" in seen.output


def test_what_another_tool_manages_is_shown_as_terraform_and_cli_lines_and_never_written(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.account.add_policy(f"{AWS}ReadOnlyAccess")
    simulator.account.add("Group", "Readers")
    simulator.account.add("Group", "Others")
    simulator.account.add("User", "ada")
    (tmp_path / "desired.yaml").write_text(MANAGED)
    said = ["scan", str(tmp_path / "desired.yaml"), "--fix", "--yes", *PIN, "--output", "json"]
    seen = command(simulator, tmp_path, *said)
    assert (seen.status, seen.writes) == (1, ("AddUserToGroup GroupName=Others UserName=ada",)), seen.output
    assert f'  policy_arn = "{AWS}ReadOnlyAccess"' in seen.output
    assert f"  aws iam attach-group-policy --group-name=Readers --policy-arn={AWS}ReadOnlyAccess" in seen.output
    assert "group-name=Others" not in seen.output
