"""`validate`: what can be told of files without an account, and without anything that could reach one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koding_audit.cli import main
from koding_audit.reference.actions import load_actions
from tests.unmeasured import told_by

GUIDE = str(Path(__file__).parents[3] / "policies" / "koding.yaml")


def test_right_files_are_told_with_what_they_declare(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", GUIDE]) == 0
    assert capsys.readouterr().out == f"valid: {GUIDE}: 2 policy sets, 1 group, 1 user\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 1\ngroups: {A: {requird: []}}\n", ":2:14: error: groups.A: unknown key `requird`; did you mean"),
        ("version: 1\nusers: {a: {}, a: {}}\n", ":2:16: error: duplicate key `a`"),
        ("", ":1:1: error: "),
    ],
    ids=["an unknown key", "a name twice", "an empty file"],
)
def test_what_is_wrong_is_told_with_its_place_and_is_status_2(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    assert main(["validate", str(file)]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"{file}{told}")
    assert printed.out == ""


def test_the_guards_beside_a_file_are_checked_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "koding-audit.yaml"
    file.write_text("version: 1\nusers: {ada: {}}\n", encoding="utf-8")
    (tmp_path / "guards.yaml").write_text("version: 1\nprotectd: []\n", encoding="utf-8")
    assert main(["validate", str(file)]) == 2
    assert "guards.yaml:2:1: error: " in capsys.readouterr().err


def test_guards_may_be_named_by_themselves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guards = tmp_path / "guards.yaml"
    guards.write_text("version: 1\nprotected: [user/ada]\n", encoding="utf-8")
    assert main(["validate", str(guards)]) == 0
    assert capsys.readouterr().out == f"valid: {guards}\n"
    assert main(["validate", GUIDE, str(tmp_path / "other" / "guards.yaml")]) == 2


def test_an_action_that_aws_does_not_have_is_a_note_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "version: 1\npolicy_sets:\n  x: {policies: [ReadOnlyAccess], actions: [ec2:RunInstance]}\n"
        "groups: {A: {required: [x]}}\n",
        encoding="utf-8",
    )
    assert main(["validate", str(file)]) == 0
    told = capsys.readouterr().err
    assert told.startswith(f"{file}:3:45: ec2:RunInstance is not among AWS's actions of ")
    assert told.endswith("; did you mean ec2:RunInstances?\n")
    assert main(["validate", "-q", str(file)]) == 0
    assert capsys.readouterr().err == ""


def test_a_deprecated_policy_is_a_note_with_its_first_place_and_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "version: 1\npolicy_sets:\n  x: {policies: [ReadOnlyAccess, AWSLambdaFullAccess]}\n"
        "users: {a: {required: [x], boundary: AWSLambdaFullAccess}}\n",
        encoding="utf-8",
    )
    assert main(["validate", str(file)]) == 0
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{file}:3:34: AWSLambdaFullAccess is deprecated (data of 20")


def test_case_12_an_action_that_aws_does_not_use_on_its_resource_is_a_note_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "version: 1\npolicy_sets:\n  x:\n    policies: [ReadOnlyAccess]\n    actions:\n"
        "      - {action: s3:GetObject, resource: 'arn:${partition}:s3:::logs'}\n"
        "      - {action: s3:GetObject, resource: 'arn:${partition}:s3:::logs/*'}\n"
        "      - {action: 'iam:GetUser', resource: 'arn:${partition}:iam::${account}:role/app'}\n"
        "groups: {A: {required: [x]}}\n",
        encoding="utf-8",
    )
    assert main(["validate", str(file)]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"{file}:6:9: s3:GetObject is not used on arn:${{partition}}:s3:::logs: its resource types are "
        "accesspointobject, object",
        f"{file}:8:9: iam:GetUser is not used on arn:${{partition}}:iam::${{account}}:role/app: its resource type is "
        "user",
    ]


def test_case_20_an_action_that_is_newer_than_the_data_is_a_note_with_the_date_of_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "version: 1\npolicy_sets:\n  x: {policies: [ReadOnlyAccess], actions: [quantumstore:PutHologram]}\n"
        "groups: {A: {required: [x]}}\n",
        encoding="utf-8",
    )
    assert main(["validate", str(file)]) == 0
    date = load_actions().names_date
    assert capsys.readouterr().err == (f"{file}:3:45: quantumstore:PutHologram is not among AWS's actions of {date}\n")


def test_nothing_that_could_reach_a_network_or_is_slow_is_loaded() -> None:
    unwanted = ("socket", "ssl", "urllib.request", "botocore", "jsonschema", "tabulate", "moto")
    script = (
        "import sys, json\n"
        "from koding_audit.cli import main\n"
        f"status = main(['validate', {GUIDE!r}])\n"
        f"print(json.dumps([status, [name for name in {unwanted!r} if name in sys.modules]]))\n"
    )
    assert json.loads(told_by(script)) == [0, []]
