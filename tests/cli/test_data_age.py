"""Old data are mentioned in one line, by the commands whose answers rest on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.cli import main
from koding_audit.reference import age


@pytest.mark.parametrize("line", [["scan", "none.yaml"], ["doctor", "none.yaml"], ["can", "--cases", "none.jsonl"]])
@pytest.mark.parametrize("old", [True, False])
def test_scan_doctor_and_can_mention_old_data_once(
    line: list[str], old: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(age, "MOST_DAYS", -1 if old else 100_000)
    main(line)
    assert capsys.readouterr().err.count("the data about AWS in this version are of ") == old


def test_quiet_does_not_mention_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(age, "MOST_DAYS", -1)
    main(["scan", "--quiet", "none.yaml"])
    assert "the data about AWS" not in capsys.readouterr().err
