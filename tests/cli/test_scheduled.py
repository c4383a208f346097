"""The scripts of docs/scheduling.md, run by a real shell as they stand, but for their folders and what is audited."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import Snapshot
from tests.cli.commands.accounts import WANTED, WHOLE
from tests.servers.always import Always, always, self_signed
from tests.values import live_group

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
AUDIT, TELL = re.findall(r"```sh\n(.*?)```", (CHECKOUT / "docs/scheduling.md").read_text(encoding="utf-8"), re.DOTALL)
BARE = replace(WHOLE, principals={**WHOLE.principals, ("group", "developers"): live_group("Developers")})
DENIED = Gap(Fact.CREDENTIAL_REPORT, "iam:GenerateCredentialReport", "AccessDenied")

Run = Callable[[str], int]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Always]:
    with always(200, b"ok", certificate=self_signed(tmp_path / "server.pem")) as server:
        yield server


@pytest.fixture
def run(tmp_path: Path, server: Always) -> Run:
    """Runs a script; `scan` and `plan` read a saved account in place of a live one."""
    for name in ("bin", "iam", "iam-tell"):
        (tmp_path / name).mkdir()
    (tmp_path / "iam" / "koding-audit.yaml").write_text(WANTED, encoding="utf-8")
    address = tmp_path / "iam-tell" / "address"
    address.write_text(f"{server.url}/planted", encoding="utf-8")
    address.chmod(0o600)
    saved = f"--source snapshot:{tmp_path}/account.json --skip policy-not-found --skip quota-exceeded"
    tool = tmp_path / "bin" / "koding-audit"
    tool.write_text(
        f'#!/bin/sh\ncase $1 in scan|plan) set -- "$@" {saved};; esac\nexec {sys.executable} -m koding_audit "$@"\n'
    )
    tool.chmod(0o755)
    environment = {"HOME": str(tmp_path), "PATH": f"{tool.parent}:{os.environ['PATH']}", "PYTHONPATH": str(CHECKOUT)}
    environment["SSL_CERT_FILE"] = str(tmp_path / "server.pem")

    def script(text: str) -> int:
        line = ["sh", "-c", text.replace("/srv/", f"{tmp_path}/")]
        return subprocess.run(line, env=environment, stdin=subprocess.DEVNULL, check=False, timeout=120).returncode

    return script


def save(folder: Path, account: Snapshot, hours: int) -> None:
    moved = replace(account, taken_at=account.taken_at + timedelta(hours=hours))
    (folder / "account.json").write_text(encode_snapshot(moved), encoding="utf-8")


def heads(server: Always) -> list[str]:
    return [json.loads(body)["text"].partition("\n")[0].partition(": ")[2] for body in server.bodies]


def test_the_audit_leaves_a_report_a_history_and_a_plan_where_there_is_something_to_mend(
    run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "iam"
    save(tmp_path, WHOLE, 0)
    assert run(AUDIT) == 0
    assert not (folder / "change.plan").exists()
    for hours in (1, 2):  # twice: an older plan is not in the way
        save(tmp_path, BARE, hours)
        assert run(AUDIT) == 1
        assert "AttachGroupPolicy" in (folder / "change.plan").read_text()
    save(tmp_path, replace(BARE, gaps=(DENIED,), root_use=None), 3)
    assert run(AUDIT) == 2
    assert json.loads((folder / "report.json").read_text())["status"] == "incomplete"
    assert stat.S_IMODE((folder / "report.json").stat().st_mode) == 0o640
    assert stat.S_IMODE((folder / "history.db").stat().st_mode) == 0o600


def test_the_other_job_tells_each_change_once_and_an_incomplete_or_old_audit_always(
    run: Run, server: Always, tmp_path: Path
) -> None:
    steps = [
        (BARE, "account 123456789012: 1 new; findings"),
        (BARE, None),
        (replace(WHOLE, gaps=(DENIED,), root_use=None), "account 123456789012: 1 new, 1 not known; incomplete"),
        (WHOLE, "account 123456789012: 1 gone; clean"),
        (WHOLE, None),
    ]
    for hours, (account, _) in enumerate(steps):
        save(tmp_path, account, hours)
        run(AUDIT)
        assert run(TELL) == 0
    assert heads(server) == [head for _, head in steps if head]
    assert run(TELL) == 0
    assert heads(server)[-1] == "account 123456789012: no newer audit than the one before; clean"
