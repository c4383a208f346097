"""The service and its timer: systemd takes them, and what the service starts is an audit by a role."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.conftest import MANAGED
from tests.endtoend.harness import CHECKOUT, GUIDE, Command
from tests.servers.moto_account import MotoAccount

pytestmark = pytest.mark.slow

UNITS = CHECKOUT / "deploy" / "systemd"
SERVICE = (UNITS / "koding-audit.service").read_text(encoding="utf-8")
TIMER = (UNITS / "koding-audit.timer").read_text(encoding="utf-8")


def values(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they are installed, but for where the tool is."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here")
    tool = str(Path(sys.executable).parent / "koding-audit")
    folder = tmp_path / "units"
    folder.mkdir()
    (folder / "koding-audit.service").write_text(SERVICE.replace("/usr/local/bin/koding-audit", tool))
    (folder / "koding-audit.timer").write_text(TIMER)
    return folder


def analyzed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_takes_both_units_without_a_word(units: Path) -> None:
    done = analyzed("verify", units / "koding-audit.service", units / "koding-audit.timer")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_says_so_where_a_line_of_the_service_is_wrong(units: Path) -> None:
    service = units / "koding-audit.service"
    service.write_text(service.read_text().replace("ProtectSystem=strict", "ProtectSystem=strictly"))
    assert "strictly" in analyzed("verify", service).stderr


def test_the_service_is_exposed_to_little(units: Path) -> None:
    exposed = analyzed("security", "--offline=true", "--no-pager", "--threshold=15", units / "koding-audit.service")
    assert exposed.returncode == 0, exposed.stdout


def test_the_service_only_reads_and_its_timer_makes_up_for_what_it_missed() -> None:
    (line,) = values(SERVICE, "ExecStart")
    assert shlex.split(line)[1] == "scan"
    assert not {"--fix", "--yes"} & set(shlex.split(line))
    assert values(TIMER, "Persistent") == ["yes"]


def started(command: Command, credentials: str) -> tuple[int, str, Path]:
    """What systemd does to start the service: its specifiers, its environment and the credential that it loads."""
    state, loaded = command.home / "var", command.home / "credentials"
    (state / "koding-audit").mkdir(parents=True)
    loaded.mkdir()
    (loaded / "aws-config").write_text(credentials)
    said = SERVICE.replace("%S", str(state)).replace("%d", str(loaded))
    said = said.replace("/etc/koding-audit/koding-audit.yaml", GUIDE)
    (line,) = values(said, "ExecStart")
    environment = dict(each.split("=", 1) for each in values(said, "Environment"))
    unset = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    done = command(*shlex.split(line)[1:], env={**unset, **environment}, umask=0o077)
    return done.status, done.stdout + done.stderr, state / "koding-audit" / "report.json"


def test_the_service_audits_with_the_credentials_that_its_config_file_names(
    command: Command, drifted: MotoAccount
) -> None:
    keys = {"Version": 1, "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "example", "SessionToken": "example"}
    (command.home / "keys").write_text(json.dumps(keys))
    config = f"[default]\ncredential_process = cat {command.home / 'keys'}\n"
    status, told, report = started(command, config)
    assert status == 1
    assert "group Developers lacks IAMReadOnlyAccess" in " ".join(told.split())
    assert json.loads(report.read_text())["status"] == "findings"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert not drifted.writes()


def test_the_service_ends_well_where_nothing_is_wrong(command: Command, drifted: MotoAccount) -> None:
    drifted.iam.attach_group_policy(GroupName="Developers", PolicyArn=f"{MANAGED}IAMReadOnlyAccess")
    (command.home / "keys").write_text('{"Version": 1, "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "example"}')
    status, told, _ = started(command, f"[default]\ncredential_process = cat {command.home / 'keys'}\n")
    assert (status, "clean" in told) == (0, True)


def test_the_service_does_not_pick_up_long_lived_keys(command: Command) -> None:
    (command.home / ".aws").mkdir()
    keys = "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n"
    (command.home / ".aws" / "credentials").write_text(keys)
    status, told, _ = started(command, "")
    assert status == 2
    assert "no AWS credentials were found" in told
