"""`apply` and `undo` in process: what they refuse, and what they leave alone, over a real account on loopback."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from koding_audit.cli import main
from tests.servers.moto_account import MotoAccount
from tests.values import aws, journal_of

GUIDE = str(Path(__file__).parents[3] / "policies" / "koding.yaml")
PIN = ["--account", "123456789012"]


class Desk:
    """One account, and the command line before it."""

    def __init__(self, account: MotoAccount, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.account = account
        self.folder = folder
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str]:
        status = main([*arguments, "--endpoint-url", self.account.url])
        return status, self._capsys.readouterr().err

    def fixed(self) -> Path:
        """The journal of a run that made the guide's account out of nothing."""
        journal = self.folder / "journal.jsonl"
        status, told = self.run("scan", GUIDE, "--fix", "--create", "--yes", *PIN, "--journal", str(journal))
        assert status == 0, told
        self.account.forget()
        return journal

    def planned(self) -> Path:
        plan = self.folder / "change.plan"
        status, told = self.run("plan", GUIDE, "--create", "--out", str(plan))
        assert status == 0, told
        self.account.forget()
        return plan

    def writes(self) -> list[str]:
        reads = ("Get", "List", "Generate")
        return [call.action for call in self.account.calls() if not call.action.startswith(reads)]


@pytest.fixture
def desk(
    account: MotoAccount, tmp_path: Path, aws_environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    return Desk(account, tmp_path, capsys)


def test_a_run_is_taken_back_whole(desk: Desk) -> None:
    journal = desk.fixed()
    status, told = desk.run("undo", str(journal), "--yes", *PIN)
    assert status == 0
    assert "0 to add, 0 to change, 5 to remove" in told
    assert desk.writes() == [
        "RemoveUserFromGroup",
        "DetachGroupPolicy",
        "DetachGroupPolicy",
        "DeleteUser",
        "DeleteGroup",
    ]


def test_what_somebody_changed_since_is_left_alone_and_counted(desk: Desk) -> None:
    journal = desk.fixed()
    desk.account.iam.detach_group_policy(GroupName="Developers", PolicyArn=aws("IAMReadOnlyAccess"))
    status, told = desk.run("undo", str(journal), "--dry-run")
    assert status == 0
    assert "1 of 5 writes of this journal are left alone" in told


def test_a_torn_last_line_is_told_and_the_rest_is_taken_back(desk: Desk) -> None:
    journal = desk.fixed()
    with journal.open("a") as file:
        file.write('{"time": "2026-')
    status, told = desk.run("undo", str(journal), "--yes", *PIN)
    assert status == 0
    assert "the journal's last line is incomplete" in told


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"account": {"id": "999999999999", "partition": "aws", "alias": None}}, "is of account 999999999999"),
        ({"account": {"id": "123456789012", "partition": "aws-cn", "alias": None}}, "is of account 123456789012"),
    ],
)
def test_a_journal_of_another_account_is_refused(desk: Desk, change: dict[str, object], problem: str) -> None:
    journal = desk.fixed()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        del line["chain"]
    journal.write_text(journal_of(*(json.dumps(line) for line in [{**lines[0], **change}, *lines[1:]])))
    status, told = desk.run("undo", str(journal), "--yes", *PIN)
    assert (status, desk.writes()) == (2, [])
    assert problem in told


@pytest.mark.parametrize("how", ["edited", "removed", "moved", "inserted"])
def test_a_journal_that_was_changed_by_hand_is_refused_with_its_line(how: str, desk: Desk) -> None:
    journal = desk.fixed()
    lines = journal.read_text().splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if "AttachGroupPolicy" in line)
    line = lines[number]
    lines[number : number + 1] = {
        "edited": [line.replace("AmazonEC2FullAccess", "IAMReadOnlyAccess").replace("Developers", "Administrators")],
        "removed": [],
        "moved": [lines[number + 1], line],
        "inserted": [line, line],
    }[how]
    journal.write_text("".join(lines))
    desk.account.forget()
    status, told = desk.run("undo", str(journal), "--yes", *PIN)
    assert (status, desk.account.calls()) == (2, [])
    assert f"{journal}:{number + 1 + (how == 'inserted')}:1: error: the journal was changed after its run" in told
    assert "restore the journal" in told


def test_a_journal_whose_last_lines_are_gone_is_told_and_the_rest_is_taken_back(desk: Desk) -> None:
    journal = desk.fixed()
    status, told = desk.run("undo", str(journal), "--dry-run")
    assert (status, "has no end" in told) == (0, False)
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    status, told = desk.run("undo", str(journal), "--yes", *PIN)
    assert status == 0
    assert "The journal has no end" in told
    assert len(desk.writes()) == 5


def test_what_cannot_be_read_is_not_undone(desk: Desk) -> None:
    journal = desk.fixed()
    desk.account.fail("ListAttachedGroupPolicies", times=99)
    status, told = desk.run("undo", str(journal), "--yes", *PIN)
    desk.account.mend()
    assert (status, desk.writes()) == (2, [])
    assert "could not be read: iam:ListAttachedGroupPolicies: AccessDenied" in told


def test_a_removal_that_is_denied_is_2_and_told(desk: Desk) -> None:
    journal = desk.fixed()
    desk.account.fail("DetachGroupPolicy", times=99)
    status, told = desk.run("undo", str(journal), "--yes", *PIN)
    desk.account.mend()
    assert status == 2
    assert "failed: DetachGroupPolicy" in told


@pytest.mark.parametrize("age", [timedelta(hours=25), timedelta(hours=-1)])
def test_a_plan_that_is_old_or_from_the_future_is_refused(desk: Desk, age: timedelta) -> None:
    plan = desk.planned()
    value = json.loads(plan.read_text())
    made_at = (datetime.now(timezone.utc) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    plan.write_text(plan.read_text().replace(value["basis"]["made_at"], made_at))
    status, told = desk.run("apply", str(plan), "--yes", *PIN)
    assert (status, desk.writes()) == (2, [])
    assert "24 hours" in told


def test_a_plan_for_another_account_is_refused(desk: Desk) -> None:
    plan = desk.planned()
    plan.write_text(plan.read_text().replace('"id": "123456789012"', '"id": "999999999999"'))
    status, told = desk.run("apply", str(plan), "--yes", *PIN)
    assert (status, desk.writes()) == (2, [])
    assert "999999999999" in told


def test_a_plan_that_is_no_text_is_refused(desk: Desk) -> None:
    plan = desk.folder / "change.plan"
    plan.write_bytes(b"\xff\xfe")
    assert desk.run("apply", str(plan), "--yes", *PIN)[0] == 2
    status, told = desk.run("apply", str(desk.folder / "none.plan"), "--yes", *PIN)
    assert status == 2
    assert "make one with" in told


def test_a_plan_is_applied_as_it_was_shown(desk: Desk) -> None:
    plan = desk.planned()
    status, told = desk.run("apply", str(plan), "--yes", *PIN)
    assert status == 0, told
    wanted = ["CreateGroup", "CreateUser", "AttachGroupPolicy", "AttachGroupPolicy", "AddUserToGroup"]
    assert desk.writes() == wanted
