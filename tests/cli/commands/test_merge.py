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
from koding_audit.model.report import Report, RunIdentity
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
    others = {
        "with different --fail-on: warning and error": replace(REPORTS["clean"], fail_on="error"),
        "by different versions of this tool: ": replace(REPORTS["clean"], made_by="0.0.9"),
    }
    for told, other in others.items():
        assert merged(one, saved("other", other, "222222222222")) == (2, {})
        assert f"one.json and {Path(one).parent / 'other.json'} were made {told}" in capsys.readouterr().err


def test_a_report_of_another_format_is_refused_by_name(saved: Saved, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = saved("one", REPORTS["clean"]), saved("other", REPORTS["clean"], "222222222222")
    Path(other).write_text(Path(other).read_text(encoding="utf-8").replace('"version": 1', '"version": 2', 1))
    assert merged(one, other) == (2, {})
    assert f"error: {other}: version 2 is newer than this koding-audit supports (1)" in capsys.readouterr().err


def test_a_run_id_in_a_message_is_escaped(saved: Saved, capsys: pytest.CaptureFixture[str]) -> None:
    runs = {name: replace(REPORTS["clean"], run=RunIdentity(f"{name}\x1b[2J\u202e")) for name in ("a", "b")}
    paths = [saved(name, report, str(digit) * 12) for digit, (name, report) in enumerate(runs.items(), 1)]
    assert merged(*paths)[0] == 2
    told = capsys.readouterr().err
    assert "are of different runs: a" in told
    assert told.replace("\n", "").isprintable()


def test_reports_that_were_saved_before_they_named_their_run_are_merged(saved: Saved) -> None:
    paths = [saved("one", REPORTS["clean"]), saved("other", REPORTS["clean"], "222222222222")]
    for path in paths:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        del value["run"]
        for each in value["audits"]:
            del each["waiver_use"]
        Path(path).write_text(json.dumps(value), encoding="utf-8")
    assert merged(*paths)[0] == 0


def test_the_merged_report_is_not_written_over_one_of_those_that_are_read(saved: Saved) -> None:
    one = saved("one", REPORTS["clean"])
    before = Path(one).read_bytes()
    assert main(["merge", one, "--output", f"json:{one}"]) == 2
    assert Path(one).read_bytes() == before
