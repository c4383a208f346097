"""`why`: files, standard input and texts; the status, and nothing of a log but names."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from koding_audit.cli import main
from tests.denials.texts import ENCODED, ROLE, SESSION, sentence

TEXT = sentence("iam:PassRole", ROLE, "permissions boundary")
OLD = sentence("iam:PassRole", ROLE)
SECRETS = (
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AKIAIOSFODNN7EXAMPLE",
    "hunter2-password",
    "eyJhbGciOi.J9.x-y_z",
)


def test_a_text_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", TEXT]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "Denied: iam:PassRole",
        f"  principal  {SESSION}",
        f"  resource   {ROLE}",
        "  cause      no allow in the permissions boundary",
    ]


def test_a_file_and_standard_input_are_read_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "build.log"
    path.write_bytes(b"\xef\xbb\xbfnoise \xff\n" * 1000 + TEXT.encode() + b"\n")
    assert main(["why", str(path), "--output", "json"]) == 1
    printed = capsys.readouterr().out
    (found,) = json.loads(printed)["denials"]
    assert (found["action"], found["layer"], found["effect"]) == ("iam:PassRole", "boundary", "implicit-deny")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert main(["why", "-", "--output", "json"]) == 1
    assert capsys.readouterr().out == printed
    monkeypatch.setattr(sys, "stdin", io.StringIO(TEXT))
    assert main(["why", "-", "--output", "json"]) == 1


@pytest.mark.parametrize(
    "text", ["all is well", OLD, f"{TEXT}\n{sentence('iam:GetRole')}", "The provided token has expired"]
)
def test_what_is_not_known_or_no_denial_is_status_2(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", text]) == 2
    assert capsys.readouterr().out


def test_nothing_of_a_log_is_printed_but_names_and_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"{name}={each}" for name, each in zip(("KEY", "ID", "PASSWORD", "JWT"), SECRETS, strict=True)]
    around = "\n".join(lines)
    refused = "UnauthorizedOperation: You are not authorized to perform this operation."
    encoded = f"{refused} Encoded authorization failure message: {ENCODED}"
    role = f"{sentence('iam:GetRole', 'role web')} {SECRETS[0]}"
    text = "\n".join((around, f"{TEXT} {around}", OLD, around, role, encoded, around))
    path = tmp_path / "log"
    path.write_text(text, encoding="utf-8")
    for arguments in (["why", str(path)], ["why", str(path), "--output", "json"], ["why", text]):
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert "iam:PassRole" in out
        for each in (*SECRETS, ENCODED):
            assert each not in out + err


def test_cases_give_a_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cases.jsonl"
    texts = {"a": TEXT, "b": "SlowDown: Please reduce your request rate", "c": "all is well"}
    path.write_text(
        "".join(f"{json.dumps({'id': name, 'input': text})}\n" for name, text in texts.items()), encoding="utf-8"
    )
    assert main(["why", "--cases", str(path)]) == 0
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["id"], first["denials"][0]["layer"], first["not_denial"]) == ("a", "boundary", None)
    assert (second["denials"], second["not_denial_kind"]) == ([], "quota")
    assert (third["denials"], third["not_denial"], third["not_denial_kind"]) == ([], None, None)


@pytest.mark.parametrize(
    ("content", "problem"),
    [("", "has no texts"), ("[]\n", "must be an object"), ('{"id": "a"}\n', "must be text"), ("{\n", "1:")],
)
def test_a_wrong_file_of_cases_is_an_error(
    content: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(content, encoding="utf-8")
    assert main(["why", "--cases", str(path)]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["why"], ["why", "x", "--cases", "y"]])
def test_one_of_text_and_cases_is_needed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "give either TEXT or --cases FILE" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["/dev/zero", "."])
def test_what_is_no_file_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", name]) == 2
    assert "not a regular file" in capsys.readouterr().err


def test_a_very_long_text_is_not_taken_for_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", f"{TEXT}\n{'x' * 5000}"]) == 1
    assert main(["why", f"{TEXT}\0"]) == 1
    assert capsys.readouterr().out


def test_closed_standard_input_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["why", "-"]) == 2
    assert "standard input is closed" in capsys.readouterr().err
