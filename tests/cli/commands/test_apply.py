"""`apply`: which plans it refuses, and a plan that is applied as it was shown."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli import main
from koding_audit.io.codec.plan import encode_plan
from koding_audit.model.plan import Basis, Plan
from tests.cli.commands.accounts import WANTED
from tests.cli.commands.desk import PIN, Desk, file
from tests.values import ACCOUNT


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


def test_a_plan_with_a_repeated_key_is_an_edited_plan(desk: Desk) -> None:
    plan = desk.planned()
    text = plan.read_text(encoding="utf-8")
    keys = list(re.finditer(r'^ *("[A-Za-z_]+"): ', text, re.MULTILINE))
    assert len(keys) > 30
    for key in keys[::4]:
        repeated = f"{text[: key.start(1)]}{key[1]}: 0, {text[key.start(1) :]}"
        plan.write_text(repeated, encoding="utf-8")
        status, told = desk.run("apply", str(plan), "--yes", *PIN)
        line = text.count("\n", 0, key.start(1)) + 1
        assert (status, desk.writes()) == (2, [])
        assert f"{plan}:{line}:" in told
        assert f"duplicate key {key[1]}; the file was edited: this tool writes each key once; make it again" in told


@pytest.mark.parametrize("order", [[1, 0, 2, 3, 4], [0, 0, 1, 2, 3, 4]], ids=["reordered", "repeated"])
def test_a_plan_whose_steps_were_reordered_or_repeated_is_refused(desk: Desk, order: list[int]) -> None:
    plan = desk.planned()
    value = json.loads(plan.read_text(encoding="utf-8"))
    value["steps"] = [value["steps"][at] for at in order]
    plan.write_text(json.dumps(value), encoding="utf-8")
    status, told = desk.run("apply", str(plan), "--yes", *PIN)
    assert (status, desk.writes()) == (2, [])
    assert "its steps were repeated, or are in another order" in told


def saved_plan(path: Path, **basis: Any) -> list[str]:
    given = {"account": ACCOUNT, "made_at": datetime.now(timezone.utc).replace(microsecond=0), "files": ()}
    more = {"with_sets": (), "only": (), "skip": (), "create": False, "replace": False, "state": ""}
    path.write_text(encode_plan(Plan(Basis(**{**given, **more, **basis}), ())), encoding="utf-8")
    return ["apply", str(path), "--yes", "--account", "123456789012"]


@pytest.mark.parametrize("age", [timedelta(hours=25), timedelta(hours=-1)], ids=["old", "from the future"])
def test_a_plan_out_of_its_time_is_refused(
    age: timedelta, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = saved_plan(
        tmp_path / "p", made_at=(datetime.now(timezone.utc) - age).replace(microsecond=0), files=file(wanted)
    )
    assert main(said) == 2
    assert "more than 24 hours old, or from the future; make it again" in capsys.readouterr().err


def test_a_plan_whose_file_has_changed_is_refused(
    wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = saved_plan(tmp_path / "p", files=file(wanted))
    Path(wanted).write_text(f"{WANTED}# more\n", encoding="utf-8")
    assert main(said) == 2
    assert f"{wanted} has changed since the plan was made; make the plan again" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": 1}', b"\xff", b"[1"], ids=repr)
@pytest.mark.parametrize("command", ["apply", "undo"])
def test_a_file_that_is_no_plan_or_journal_is_2_and_named(
    command: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "junk"
    path.write_bytes(content)
    assert main([command, str(path)]) == 2
    printed = capsys.readouterr().err
    assert str(path) in printed
    assert "unexpected" not in printed


@pytest.mark.parametrize("command", ["apply", "undo"])
def test_a_plan_or_journal_that_is_not_there_is_2_and_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "nowhere"]) == 2
    assert "nowhere:1:1: error: the file cannot be read: No such file" in capsys.readouterr().err
