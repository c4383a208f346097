"""`undo`: what it takes back and what it leaves alone, over a real account on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koding_audit.cli import main
from koding_audit.io.codec.journal import journal_header, journal_line
from koding_audit.model.finding import Action
from koding_audit.model.plan import Entry
from koding_audit.model.verb import Verb
from tests.cli.commands.accounts import READ_ONLY
from tests.cli.commands.desk import PIN, Desk
from tests.values import ACCOUNT, NOW, aws, journal_of


def test_undo_wants_somebody_to_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = Entry(Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": READ_ONLY}), "done")
    path = tmp_path / "journal.jsonl"
    path.write_text(journal_of(journal_header(ACCOUNT, NOW, ()), journal_line(NOW, 0, entry)), encoding="utf-8")
    assert main(["undo", str(path)]) == 2
    assert "cannot prompt: stdin or stderr is not a terminal" in capsys.readouterr().err
    assert main(["undo", str(path), "--yes"]) == 2
    assert "needs a pinned account" in capsys.readouterr().err


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
    assert "1 of 5 writes of this journal are not undone" in told


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
    assert (status, "The journal is incomplete" in told) == (0, False)
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    status, told = desk.run("undo", str(journal), "--yes", *PIN)
    assert status == 0
    assert "The journal is incomplete" in told
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
