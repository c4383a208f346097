"""How a run ends when it cannot do what it was asked for: always with status 2, in a line, never with a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.endtoend.harness import GUIDE, PINNED, TIMEOUT, Command
from tests.servers.moto_account import MotoAccount

FIX = ("--fix", "--create", "--yes", *PINNED)


def test_no_credentials_are_status_2_with_a_hint(command: Command, account: MotoAccount) -> None:
    result = command("scan", GUIDE, env={"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
    assert result.status == 2
    assert "no AWS credentials" in result.stderr
    assert "Traceback" not in result.stderr
    assert account.calls() == []


def test_an_unknown_profile_is_status_2_and_named(command: Command, account: MotoAccount) -> None:
    result = command("scan", GUIDE, "--profile", "nowhere")
    assert result.status == 2
    assert "nowhere" in result.stderr
    assert "Traceback" not in result.stderr
    assert account.calls() == []


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_MAX_ATTEMPTS", "junk"), ("AWS_RETRY_MODE", "junk"), ("AWS_DATA_PATH", "/nowhere")]
)
def test_junk_in_the_environment_ends_in_0_or_2(name: str, value: str, command: Command, clean: MotoAccount) -> None:
    result = command("scan", GUIDE, env={name: value})
    assert result.status in (0, 2)
    assert "Traceback" not in result.stderr


def test_an_endpoint_from_the_environment_is_not_obeyed(command: Command, clean: MotoAccount) -> None:
    result = command("scan", GUIDE, env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_IAM": "http://x"})
    assert result.status == 0
    assert "AWS_ENDPOINT_URL" in result.stderr


def test_a_bad_file_is_named_with_line_and_column_before_any_call(
    command: Command, account: MotoAccount, tmp_path: Path
) -> None:
    desired = tmp_path / "desired.yaml"
    desired.write_text("version: 1\ngroups:\n  Developers:\n    requird: [stack-build]\n", encoding="utf-8")
    result = command("scan", str(desired))
    assert result.status == 2
    assert "desired.yaml:4:5" in result.stderr
    assert "required" in result.stderr
    assert "Traceback" not in result.stderr
    assert account.calls() == []


def test_a_bad_file_is_in_the_json_report_with_its_place(command: Command, tmp_path: Path) -> None:
    desired = tmp_path / "desired.yaml"
    desired.write_text("version: 1\ngroups:\n  Developers:\n    requird: [stack-build]\n", encoding="utf-8")
    result = command.json("scan", str(desired))
    assert result.status == 2
    assert result.report["audits"] == []
    (error,) = result.report["errors"]
    assert error["location"]["line"] == 4
    assert error["location"]["column"] == 5


def test_a_file_that_is_not_there_is_status_2(command: Command, account: MotoAccount) -> None:
    result = command("scan", "nowhere.yaml")
    assert result.status == 2
    assert "nowhere.yaml" in result.stderr
    assert account.calls() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", GUIDE, "--nonsense"),
        ("nonsense",),
        ("scan", GUIDE, "--create"),
        ("scan", GUIDE, "--yes"),
        ("scan", GUIDE, "--dry-run"),
        ("scan", GUIDE, "--replace"),
        ("scan", GUIDE, "--with", "nonsense"),
        ("scan", GUIDE, "--output", "nonsense"),
        ("scan", GUIDE, "--output", "json", "--output", "table"),
        ("scan", GUIDE, "--fail-on", "nonsense"),
        ("scan", GUIDE, "--only", "nonsense"),
        ("scan", GUIDE, "--source", "nonsense"),
        ("scan", GUIDE, "--account", "12"),
        ("scan", GUIDE, "--account", ""),
    ],
    ids=lambda arguments: " ".join(Path(each).name for each in arguments),
)
def test_what_cannot_be_meant_is_status_2_before_any_call(
    arguments: tuple[str, ...], command: Command, account: MotoAccount
) -> None:
    result = command(*arguments)
    assert result.status == 2
    assert "Traceback" not in result.stderr
    assert result.stderr
    assert account.calls() == []


@pytest.mark.parametrize("url", ["http://198.51.100.1", "https://iam.example.com", "ftp://127.0.0.1", "nonsense"])
def test_an_endpoint_that_is_nobodys_gets_no_signed_request(url: str, command: Command) -> None:
    command.url = ""
    result = command("scan", GUIDE, "--endpoint-url", url)
    assert result.status == 2
    assert url in result.stderr


def test_an_endpoint_where_nobody_listens_is_status_2(command: Command) -> None:
    command.url = "http://127.0.0.1:1"
    result = command("scan", GUIDE, "--account", "123456789012")
    assert result.status == 2
    assert "Traceback" not in result.stderr


def test_ctrl_c_during_a_call_ends_at_once_with_2(command: Command, clean: MotoAccount) -> None:
    clean.fail("GetGroup", "delay", milliseconds=8000)
    process = command.start("scan", GUIDE)
    wait_for(clean, "GetGroup")
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert time.monotonic() - pressed < 4
    assert b"Traceback" not in stderr
    assert stderr.strip()


@pytest.mark.slow
def test_ctrl_c_during_a_write_leaves_a_journal_that_knows_of_it(command: Command, drifted: MotoAccount) -> None:
    drifted.fail("AddUserToGroup", "delay", milliseconds=8000)
    drifted.fail("AttachGroupPolicy", "delay", milliseconds=8000)
    process = command.start("scan", GUIDE, *FIX)
    wait_for(drifted, "AddUserToGroup", "AttachGroupPolicy")
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert b"Traceback" not in stderr
    (journal,) = command.journals()
    assert "started" in journal.read_text(encoding="utf-8")


def wait_for(account: MotoAccount, *actions: str) -> None:
    """Until the server has one of the calls."""
    deadline = time.monotonic() + TIMEOUT
    while not any(call.action in actions for call in account.calls()):
        assert time.monotonic() < deadline, "the call never came"
        time.sleep(0.02)


def test_a_closed_pipe_is_status_2_without_a_traceback(command: Command, drifted: MotoAccount) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = command.start("scan", GUIDE, stdout=writing)
    os.close(writing)
    _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert b"Traceback" not in stderr
    assert b"Exception ignored" not in stderr


@pytest.mark.parametrize("arguments", [(), ("--output", "json")], ids=["table", "json"])
def test_a_full_disk_under_standard_output_is_status_2(
    arguments: tuple[str, ...], command: Command, clean: MotoAccount
) -> None:
    with Path("/dev/full").open("wb") as full:
        process = command.start("scan", GUIDE, *arguments, stdout=full)
        _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert b"Traceback" not in stderr
    assert b"Exception ignored" not in stderr
    assert b"No space left" in stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redirection", "status"),
    [(">&-", 2), (">/dev/full 2>&1", 2), (">&- 2>&-", 2), ("2>&-", 1), ("2>/dev/full", 1), ("<&-", 1)],
    ids=["no stdout", "all full", "no output", "no stderr", "stderr full", "no stdin"],
)
def test_a_report_that_reaches_nobody_is_status_2_and_one_that_does_keeps_its_own(
    redirection: str, status: int, command: Command, drifted: MotoAccount
) -> None:
    line = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command.line("scan", GUIDE)]
    done = subprocess.run(line, env=command.environment, capture_output=True, check=False, timeout=TIMEOUT)
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    assert (status == 1) == bool(done.stdout)


def test_an_error_that_nobody_can_be_told_is_status_2(command: Command) -> None:
    for redirection in ("2>&-", "2>/dev/full", ">/dev/full 2>&1"):
        line = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command.line("scan", "nowhere.yaml")]
        done = subprocess.run(line, env=command.environment, capture_output=True, check=False, timeout=TIMEOUT)
        assert done.returncode == 2, redirection


@pytest.mark.slow
def test_a_run_that_was_killed_during_a_write_is_made_whole_by_the_next(command: Command, drifted: MotoAccount) -> None:
    drifted.fail("AddUserToGroup", "delay", milliseconds=8000, after=True)
    process = command.start("scan", GUIDE, *FIX)
    wait_for(drifted, "AddUserToGroup")
    process.kill()
    process.communicate(timeout=TIMEOUT)
    drifted.mend()
    (journal,) = command.journals()
    assert '"started"' in journal.read_text(encoding="utf-8").replace(" ", "").splitlines()[-1]
    scanned = command("scan", GUIDE)
    again = command.json("scan", GUIDE, *FIX)
    for told in (scanned.stderr, again.stderr):
        assert f"was interrupted: 1 change done, 1 unknown; its journal is {journal};" in told
        assert "unknown: AddUserToGroup GroupName=Developers UserName=koding-user" in told
    assert again.status == 1
    assert {each["severity"] for each in again.findings.values() if each["status"] == "open"} == {"warning", "note"}
    drifted.forget()
    assert command("undo", str(journal), "--yes", *PINNED).status == 0
    assert {call.action for call in drifted.writes()} == {"RemoveUserFromGroup", "DetachGroupPolicy"}


def test_a_full_disk_under_a_report_is_status_2(command: Command, clean: MotoAccount) -> None:
    result = command("scan", GUIDE, "--output", "json:/dev/full")
    assert result.status == 2
    assert "/dev/full" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("path", ["nowhere/report.json", "."])
def test_a_report_that_cannot_be_written_is_status_2(path: str, command: Command, clean: MotoAccount) -> None:
    result = command("scan", GUIDE, "--output", f"json:{path}")
    assert result.status == 2
    assert "Traceback" not in result.stderr


def test_no_fix_starts_without_a_journal(command: Command, drifted: MotoAccount, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder has to be", encoding="utf-8")
    result = command("scan", GUIDE, *FIX)
    assert result.status == 2
    assert drifted.writes() == []
    assert "Traceback" not in result.stderr


def test_an_unexpected_exception_is_status_2_and_not_pythons_1(
    command: Command, clean: MotoAccount, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import koding_audit.scan.rules.policy_missing as rule\n"
        "def check(comparison):\n"
        "    raise ZeroDivisionError('as nobody expected')\n"
        "rule.check = check\n",
        encoding="utf-8",
    )
    result = command("scan", GUIDE, env={"PYTHONPATH": str(broken)})
    assert result.status == 2
    assert "ZeroDivisionError" in result.stderr
    assert command("scan", GUIDE).status == 0


def test_output_that_is_asked_for_twice_is_given_by_one_scan(
    command: Command, clean: MotoAccount, tmp_path: Path
) -> None:
    result = command("scan", GUIDE, "--output", "table", "--output", f"json:{tmp_path / 'report.json'}")
    assert result.status == 0
    assert "clean" in (tmp_path / "report.json").read_text(encoding="utf-8")
    assert result.stdout
    assert len([call for call in clean.calls() if call.action == "GetGroup"]) == 1


def test_help_version_and_schema_print_and_are_status_0(command: Command) -> None:
    for arguments in (("--help",), ("--version",), ("schema",), ("scan", "--help")):
        result = command(*arguments)
        assert result.status == 0
        assert result.stdout
        assert not result.stderr


def test_the_module_runs_as_the_command_does(command: Command, clean: MotoAccount) -> None:
    line = [command.line()[0].replace("koding-audit", "python"), "-m", "koding_audit", "--version"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout == command("--version").stdout
