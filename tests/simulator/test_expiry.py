"""Credentials that expire in the middle of a fix: what was written is told, and nothing is called a bug."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.simulator.account import Account
from tests.simulator.scenario import KEY, SCENARIOS, SECRET, TOKEN, Run, command
from tests.simulator.server import Simulator, serving

ASK = """#!/bin/sh
echo >> "$HOME/asked"
[ "$(wc -l < "$HOME/asked")" -le {times} ] && cat "$HOME/good" || cat "$HOME/expired"
"""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with serving(Account()) as server:
        yield server


def fix(simulator: Simulator, folder: Path, times: int) -> Run:
    """A fix with a credential_process that returns expired keys after so many times; botocore asks at each call."""
    keys = {"Version": 1, "AccessKeyId": KEY, "SecretAccessKey": SECRET, "SessionToken": TOKEN}
    now = datetime.now(timezone.utc)
    for name, expires in (("good", now + timedelta(minutes=5)), ("expired", now - timedelta(minutes=5))):
        (folder / name).write_text(json.dumps({**keys, "Expiration": expires.isoformat()}), encoding="utf-8")
    (folder / "ask").write_text(ASK.format(times=times), encoding="utf-8")
    (folder / "asked").unlink(missing_ok=True)
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws" / "config").write_text(
        f"[profile p]\ncredential_process = sh {folder / 'ask'}\n", encoding="utf-8"
    )
    (folder / "desired.yaml").write_text(SCENARIOS["fix"].file, encoding="utf-8")
    simulator.account = SCENARIOS["fix"].account()
    simulator.forget()
    said = ["scan", str(folder / "desired.yaml"), "--fix", "--create", "--yes", "--output", "json", "--profile", "p"]
    return command(simulator, folder, *said)


def test_whenever_credentials_expire_the_run_says_so_and_no_write_is_lost(simulator: Simulator, tmp_path: Path) -> None:
    assert fix(simulator, tmp_path, 10**6).status == 0
    asked = len((tmp_path / "asked").read_text().splitlines())
    stopped: set[str] = set()
    for times in (2, asked // 8, asked // 4, *range(asked // 2, asked)):
        if {"done", "unknown"} <= stopped:
            break
        seen = fix(simulator, tmp_path, times)
        assert seen.status == 2, seen.output
        assert "bug" not in seen.output
        assert "expired" in seen.output.lower()
        assert SECRET not in seen.output
        told = {line["action"]: line["outcome"] for line in seen.journal if "outcome" in line}
        written = {each.partition(" ")[0] for each in seen.writes}
        assert all(told[action] in ("done", "pending", "unknown", "failed") for action in written), seen.output
        stopped.update(told.values())
    assert {"done", "unknown"} <= stopped, "one write was made before, and of one it is not known"
