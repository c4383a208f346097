"""`snapshot`: an account is saved with its gaps."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.cli import main


def test_a_snapshot_with_gaps_is_saved_and_is_2(
    saved_account: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["snapshot", "--source", saved_account, "--out", str(tmp_path / "again.json")]) == 2
    printed = capsys.readouterr().err
    assert "could not be read" in printed
    assert "Saved account 123456789012" in printed
