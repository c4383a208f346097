"""One account on loopback, and the command line before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.cli import main
from koding_audit.model.location import SourceFile
from tests.servers.moto_account import MotoAccount

GUIDE = str(Path(__file__).parents[3] / "policies" / "koding.yaml")
PIN = ["--account", "123456789012"]


class Desk:
    """One account, and the command line before it."""

    def __init__(self, account: MotoAccount, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.account = account
        self.folder = folder
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str]:
        status = main([*arguments, "--endpoint-url", self.account.url])
        return status, self._capsys.readouterr().err

    def fixed(self) -> Path:
        """The journal of a run that made the guide's account out of nothing."""
        journal = self.folder / "journal.jsonl"
        status, told = self.run("scan", GUIDE, "--fix", "--create", "--yes", *PIN, "--journal", str(journal))
        assert status == 0, told
        self.account.forget()
        return journal

    def planned(self) -> Path:
        plan = self.folder / "change.plan"
        status, told = self.run("plan", GUIDE, "--create", "--out", str(plan))
        assert status == 0, told
        self.account.forget()
        return plan

    def writes(self) -> list[str]:
        reads = ("Get", "List", "Generate")
        return [call.action for call in self.account.calls() if not call.action.startswith(reads)]


def file(path: str) -> tuple[SourceFile, ...]:
    from koding_audit import desired

    return desired.load_desired([path]).files
