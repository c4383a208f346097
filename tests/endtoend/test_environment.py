"""The command in the environments that it may find: each row of a table is a process of its own.

What the credentials, the region and the configuration may be in is tested in tests/aws/test_credentials.py and
test_session.py, and what stands between this machine and AWS in test_transport.py beside them: here is what only a
process can show.
"""

from __future__ import annotations

import json
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from benchmarks import serving
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.snapshot import AccessKey, Credentials
from tests.aws.test_session import change_model
from tests.endtoend.harness import GUIDE, PINNED, TIMEOUT, Command
from tests.servers.moto_account import MotoAccount
from tests.values import live_user, snapshot

pytestmark = pytest.mark.slow

PLANTED = "PLANTED-SECRET-0123456789"


@pytest.fixture(scope="module")
def guided() -> Iterator[str]:
    """The address of an account that is as the guide wants it."""
    with serving.server(0, 1) as url:
        yield url


@pytest.fixture
def run(tmp_path: Path, guided: str) -> Command:
    """The command over that account, with a secret that nothing may tell."""
    command = Command(tmp_path, guided)
    command.environment["AWS_SECRET_ACCESS_KEY"] = PLANTED
    command.environment["AWS_SESSION_TOKEN"] = PLANTED
    return command


def scanned(command: Command, *more: str, **options: object) -> tuple[int, str, str]:
    """Status, report, and what was told; neither with a traceback or the secret."""
    result = command("scan", GUIDE, "--verbose", *more, **options)
    for text in (result.stdout, result.stderr):
        assert PLANTED not in text
        assert "Traceback" not in text
    return result.status, result.stdout, result.stderr


# --- what changes nothing -----------------------------------------------------------------------

HARMLESS = {
    "settings of botocore that are junk, and one that would ask a metadata service": {
        "AWS_MAX_ATTEMPTS": "junk",
        "AWS_RETRY_MODE": "junk",
        "AWS_NEW_RETRIES_2026": "true",
        "AWS_DEFAULTS_MODE": "auto",
        "AWS_EC2_METADATA_DISABLED": "false",
    },
    "a zone that there is not, and no width": {"TZ": "junk", "COLUMNS": "0", "LINES": "0"},
    "a zone off the hours, less than no width, and ASCII": {
        "TZ": "<+1245>-12:45",
        "COLUMNS": "-1",
        "PYTHONIOENCODING": "ascii",
    },
    "cron: no PATH, no HOME, no locale": {"PATH": "", "HOME": None, "LANG": None, "TERM": None},
    "a HOME that cannot be written, a locale without the characters": {
        "HOME": "/proc",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    },
}


@pytest.mark.parametrize("environment", HARMLESS.values(), ids=HARMLESS)
def test_what_has_nothing_to_do_with_an_account_changes_nothing(
    environment: dict[str, str | None], run: Command
) -> None:
    status, report, told = scanned(run, env=environment)
    assert (status, told) == (0, "")
    assert "123456789012" in report


def test_an_endpoint_a_model_and_a_profile_of_the_environment_are_told_and_not_obeyed(run: Command) -> None:
    environment = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1/\x1b[31m",
        "AWS_DATA_PATH": "/nowhere",
        "AWS_PROFILE": "other",
    }
    run.home.joinpath(".aws").mkdir()
    run.home.joinpath(".aws", "config").write_text("[profile other]\nregion = us-east-1\n", encoding="utf-8")
    status, _, told = scanned(run, env=environment)
    assert status == 0
    assert [line.partition(" ")[0] for line in told.splitlines()] == [
        "AWS_DATA_PATH",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_IAM",
        "AWS_ENDPOINT_URL_STS",
        "AWS_ACCESS_KEY_ID",
    ]
    assert "\x1b" not in told


def test_a_process_with_sixteen_files_is_enough(run: Command) -> None:
    assert shell(run, "ulimit -n 16").returncode == 0


def test_what_is_saved_with_umask_000_is_still_its_owners_alone(run: Command) -> None:
    line = run.line("scan", GUIDE, "--with", "route53", "--fix", "--yes", *PINNED, "--dry-run")
    assert shell(run, "umask 000", line).returncode == 1
    saved = run.home / "fix.plan"
    assert shell(run, "umask 000", run.line("plan", GUIDE, "--with", "route53", "--out", str(saved))).returncode == 0
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def shell(command: Command, before: str, line: list[str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """The command after a line of shell."""
    said = ["/bin/sh", "-c", f'{before}; exec "$@"', "sh", *(line or command.line("scan", GUIDE))]
    return subprocess.run(said, env=command.environment, capture_output=True, check=False, timeout=TIMEOUT)


def test_ages_are_the_same_in_every_zone(tmp_path: Path, saved: Path) -> None:
    """Also where clocks are turned: this account's key was made in an hour that was there twice in New York."""
    command = Command(tmp_path, "")
    reports = {
        zone: command("scan", str(saved.with_suffix(".yaml")), "--source", f"snapshot:{saved}", env={"TZ": zone}).stdout
        for zone in ("UTC", "junk", "Asia/Kathmandu", "America/New_York", "<-2359>+23:59")
    }
    assert "more than 365 days ago" in reports["UTC"]
    assert len(set(reports.values())) == 1


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """An account with a key of a year and a second ago, made in the hour in which New York sets back its clocks."""
    made = datetime(2025, 11, 2, 5, 30, tzinfo=timezone.utc)
    now = made + timedelta(days=365, seconds=1)
    held = Credentials((AccessKey("MPLE", active=True, created=made, last_used=None),), password=False, mfa=False)
    path = tmp_path / "account.json"
    path.write_text(encode_snapshot(snapshot(live_user(), credentials=held, taken_at=now)), encoding="utf-8")
    text = "version: 1\nusers:\n  koding-user: {access_keys: {max_active: 1, max_age_days: 365}}\n"
    path.with_suffix(".yaml").write_text(text, encoding="utf-8")
    return path


# --- what ends a run ----------------------------------------------------------------------------


def test_a_metadata_service_that_never_answers_ends_as_no_credentials(run: Command) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        status, report, told = scanned(
            run,
            env={
                "AWS_ACCESS_KEY_ID": None,
                "AWS_SECRET_ACCESS_KEY": None,
                "AWS_EC2_METADATA_DISABLED": None,
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": url,
            },
        )
    assert status == 2
    assert "no AWS credentials were found" in told
    assert "incomplete" in report.lower()


def test_a_program_for_credentials_that_hangs_is_left_at_the_deadline(run: Command) -> None:
    config = f"[profile p]\ncredential_process = {shutil.which('sleep')} 30\n"
    run.home.joinpath(".aws").mkdir()
    run.home.joinpath(".aws", "config").write_text(config, encoding="utf-8")
    status, _, told = scanned(run, "--profile", "p", "--timeout", "1")
    assert status == 2
    assert "could not get the AWS credentials within the time limit" in told
    assert "credential_process" in told


def test_no_fix_starts_where_the_home_cannot_be_written(command: Command, drifted: MotoAccount) -> None:
    result = command("scan", GUIDE, "--fix", "--yes", *PINNED, env={"HOME": "/proc", "XDG_STATE_HOME": None})
    assert result.status == 2
    assert "cannot be created" in result.stderr
    assert "--journal FILE" in result.stderr
    assert drifted.writes() == []


def test_no_fix_starts_without_a_home(command: Command, drifted: MotoAccount) -> None:
    result = command("scan", GUIDE, "--fix", "--yes", *PINNED, env={"HOME": None, "XDG_STATE_HOME": None})
    assert result.status == 2
    assert "HOME is not set, so there is no folder for a journal" in result.stderr
    assert drifted.writes() == []


@pytest.mark.parametrize("redirections", ["<&- >&- 2>&-", ">&-"], ids=["no stream at all", "no standard output"])
def test_a_report_without_a_standard_output_is_status_2_and_no_crash(redirections: str, run: Command) -> None:
    done = shell(run, f"exec {redirections}")
    assert done.returncode == 2
    assert b"unexpected" not in done.stderr
    if redirections == ">&-":
        assert b"standard output is closed; give the report a file" in done.stderr


# --- what would replace the tool's own code -----------------------------------------------------


def test_a_service_model_in_the_home_does_not_change_what_a_write_is(
    command: Command, drifted: MotoAccount, tmp_path: Path
) -> None:
    """Its AttachGroupPolicy would send another action: botocore's default loader takes it, as the trap shows."""
    change_model(tmp_path / ".aws" / "models", "AttachGroupPolicy", "DetachGroupPolicy")
    trap = (
        "from botocore.session import Session;"
        "print(Session().get_service_model('iam').operation_model('AttachGroupPolicy').http)"
    )
    shown = subprocess.run([sys.executable, "-c", trap], env=command.environment, capture_output=True, check=True)
    assert b"/changed" in shown.stdout
    assert command("scan", GUIDE, "--fix", "--yes", *PINNED).status == 1
    assert sorted(call.action for call in drifted.writes()) == ["AddUserToGroup", "AttachGroupPolicy"]


def test_python_run_with_dash_i_takes_no_code_and_no_encoding_from_the_environment(run: Command) -> None:
    run.home.joinpath("botocore").mkdir()
    run.home.joinpath("botocore", "__init__.py").write_text("raise SystemExit('not botocore')\n", encoding="utf-8")
    environment = {**run.environment, "PYTHONPATH": str(run.home), "PYTHONIOENCODING": "junk"}
    tail = ["-m", "koding_audit", "scan", GUIDE, "--endpoint-url", run.url, "--output", "json"]
    options = {"cwd": run.home, "env": environment, "capture_output": True, "timeout": TIMEOUT}
    trapped = subprocess.run([sys.executable, *tail], check=False, **options)
    assert trapped.returncode != 0
    isolated = subprocess.run([sys.executable, "-I", *tail], check=False, **options)
    assert isolated.returncode == 0, isolated.stderr
    assert json.loads(isolated.stdout)["status"] == "clean"


def test_a_profile_that_asks_for_a_code_ends_a_job_without_a_terminal_at_once(tmp_path: Path) -> None:
    """In a session of its own, as cron's jobs are; its standard input stays open, and nobody types."""
    command = Command(tmp_path, "http://127.0.0.1:1")
    (tmp_path / ".aws").mkdir()
    role = "role_arn=arn:aws:iam::123456789012:role/audit\nsource_profile=default\nmfa_serial=GAHT12345678\n"
    keys = "aws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=example\n"
    (tmp_path / ".aws" / "config").write_text(f"[default]\n{keys}[profile audit]\n{role}")
    line = ("scan", GUIDE, "--profile", "audit")
    with command.start(*line, stdin=subprocess.PIPE, start_new_session=True) as process:
        assert process.stderr is not None
        told = process.stderr.read().decode()
        assert process.wait(TIMEOUT) == 2
    assert "error: profile audit needs an MFA code of GAHT12345678, and there is no terminal to type it" in told
    assert "Enter MFA code" not in told
