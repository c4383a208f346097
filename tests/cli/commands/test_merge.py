"""`merge`: reports of different accounts become the report of one run, and nothing is counted twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli import main
from koding_audit.model.account import Account
from koding_audit.model.report import Report
from koding_audit.report.codec import encode_report
from tests.report.formats.reports import ACCOUNT, REPORTS

Saved = Callable[..., str]


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    def save(name: str, report: Report, account: str = ACCOUNT.id) -> str:
        audits = tuple(replace(each, account=Account(account, "aws")) for each in report.audits)
        path = tmp_path / f"{name}.json"
        path.write_text(encode_report(replace(report, audits=audits)), encoding="utf-8")
        return str(path)

    return save


def merged(*paths: str, more: tuple[str, ...] = ()) -> tuple[int, dict[str, Any]]:
    out = Path(paths[0]).parent / "merged.json"
    status = main(["merge", *paths, "--output", f"json:{out}", *more])
    return status, json.loads(out.read_text()) if out.exists() else {}


def test_audits_stand_by_their_accounts_and_the_status_is_that_of_the_worst(saved: Saved) -> None:
    clean = saved("clean", REPORTS["clean"], "222222222222")
    full = saved("full", REPORTS["full"], "111111111111")
    status, report = merged(clean, full)
    assert (status, report["status"]) == (1, "findings")
    assert [each["account"]["id"] for each in report["audits"]] == ["111111111111", "222222222222"]
    assert merged(clean)[0] == 0
    assert merged(clean, full, more=("--exit-zero",))[0] == 0


def test_a_report_that_is_not_complete_makes_the_whole_incomplete_and_its_errors_are_told(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    status, report = merged(saved("clean", REPORTS["clean"]), saved("empty", REPORTS["empty"]))
    assert (status, report["status"], len(report["audits"])) == (2, "incomplete", 1)
    assert "error: no such key: polices" in capsys.readouterr().err


def test_two_reports_about_one_account_are_refused(saved: Saved, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = saved("one", REPORTS["clean"]), saved("other", REPORTS["full"])
    assert merged(one, other) == (2, {})
    assert f"error: account {ACCOUNT.id} is in {one} and in {other}; remove one" in capsys.readouterr().err
    assert merged(one, one) == (2, {})


def test_reports_that_were_made_in_different_ways_are_refused(saved: Saved, capsys: pytest.CaptureFixture[str]) -> None:
    one = saved("one", REPORTS["clean"])
    for other in (replace(REPORTS["clean"], fail_on="error"), replace(REPORTS["clean"], made_by="0.0.9")):
        assert merged(one, saved("other", other, "222222222222")) == (2, {})
        assert "were made with different --fail-on, or by different versions" in capsys.readouterr().err


def test_the_merged_report_is_not_written_over_one_of_those_that_are_read(saved: Saved) -> None:
    one = saved("one", REPORTS["clean"])
    before = Path(one).read_bytes()
    assert main(["merge", one, "--output", f"json:{one}"]) == 2
    assert Path(one).read_bytes() == before
