"""The rules that a run leaves out, by `--skip` and by `--skip-not-in-details`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from koding_audit.cli import main
from koding_audit.cli.skipped_rules import skipped_rules
from koding_audit.scan.catalog import rules_not_in_details

GROUP = {
    "Path": "/",
    "GroupName": "Developers",
    "GroupId": "AGPA1",
    "Arn": "arn:aws:iam::123456789012:group/Developers",
    "GroupPolicyList": [],
    "AttachedManagedPolicies": [],
}
DETAILS = {"UserDetailList": [], "GroupDetailList": [GROUP], "RoleDetailList": [], "Policies": []}


@pytest.fixture
def line(tmp_path: Path) -> list[str]:
    (tmp_path / "details.json").write_text(json.dumps(DETAILS), encoding="utf-8")
    desired = tmp_path / "desired.yaml"
    desired.write_text("version: 1\ngroups: {Developers: {}}\nclosed: {users: true}\n", encoding="utf-8")
    return ["scan", str(desired), "--source", f"snapshot:{tmp_path / 'details.json'}"]


def test_each_rule_is_skipped_once_in_the_order_in_which_it_was_typed() -> None:
    typed = argparse.Namespace(skip=["x", "root-used", "x"], skip_not_in_details=True)
    assert skipped_rules(typed)[:2] == ("x", "root-used")
    assert sorted(skipped_rules(typed)) == sorted({"x", *rules_not_in_details()})
    assert skipped_rules(argparse.Namespace(skip=["x"], skip_not_in_details=False)) == ("x",)


def test_an_account_without_users_is_clean_by_one_option_and_a_note_names_what_was_not_checked(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line) == 2
    assert "--skip-not-in-details" in capsys.readouterr().out
    assert main([*line, "--skip-not-in-details"]) == 0
    note = capsys.readouterr().err
    assert "not checked, because of --skip-not-in-details: " in note
    assert all(name in note for name in rules_not_in_details())


def test_an_account_without_users_is_adopted(
    line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--adopt", *line[2:]]) == 0
    assert "1 group, 0 users, 0 roles" in capsys.readouterr().err
    assert main(["scan", "koding-audit.yaml", *line[2:], "--skip-not-in-details"]) == 0
