"""Files and saved accounts for commands that are run without AWS."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from koding_audit.io.codec.snapshot import encode_snapshot
from tests.cli.commands.accounts import READ_ONLY, WANTED, WHOLE
from tests.cli.commands.desk import Desk
from tests.servers.moto_account import MotoAccount
from tests.values import managed, statement


@pytest.fixture
def wanted(tmp_path: Path) -> str:
    path = tmp_path / "wanted.yaml"
    path.write_text(WANTED, encoding="utf-8")
    return str(path)


@pytest.fixture
def saved_account(tmp_path: Path) -> str:
    path = tmp_path / "saved.json"
    lacking = replace(WHOLE.principals["group", "developers"], attached=frozenset())
    principals = {**WHOLE.principals, ("group", "developers"): lacking}
    documents = {READ_ONLY: statement("iam:Get*")}
    saved = replace(WHOLE, principals=principals, policies=managed(READ_ONLY), documents=documents)
    path.write_text(encode_snapshot(saved), encoding="utf-8")
    return f"snapshot:{path}"


@pytest.fixture
def desk(
    account: MotoAccount, tmp_path: Path, aws_environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    return Desk(account, tmp_path, capsys)
