"""`scan --history` and `history`: what is kept is shown, and a history that fails costs no report and is no secret."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli import main
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.location import SourceFile
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Report
from koding_audit.model.snapshot import Snapshot
from koding_audit.report import history_store
from koding_audit.report.codec import encode_report
from tests.cli.commands.accounts import HALF, WANTED, WHOLE
from tests.report.formats.reports import HOSTILE, NOW, REPORTS, audit, policy_missing
from tests.unmeasured import told_by

Scan = Callable[..., int]


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """Scans a saved account, with a history and a report; gives the status."""
    (tmp_path / "wanted.yaml").write_text(WANTED, encoding="utf-8")
    saved = tmp_path / "account.json"

    def run(account: Snapshot, *said: str, days: int = 0) -> int:
        moved = replace(account, taken_at=account.taken_at + timedelta(days=days))
        saved.write_text(encode_snapshot(moved), encoding="utf-8")
        line = ["scan", str(tmp_path / "wanted.yaml"), "--source", f"snapshot:{saved}", "-q"]
        line += ["--skip", "policy-not-found", "--skip", "quota-exceeded", "--fail-on", "note"]
        return main([*line, "--output", f"json:{tmp_path / 'report.json'}", *said])

    return run


def shown(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["history", str(path), "--output", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_what_scans_keep_is_shown_with_since_when_it_stands(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.db"
    unseen = replace(HALF, principals={}, gaps=(Gap(Fact.GROUP, "iam:GetGroup", "AccessDenied", "group/Developers"),))
    statuses = [scan(each, "--history", str(path), days=n) for n, each in enumerate((WHOLE, HALF, unseen, HALF))]
    assert statuses == [0, 1, 2, 1]
    (found,) = shown(path, capsys)["accounts"]
    assert (found["account"]["id"], found["source"], found["audits"]) == ("123456789012", "snapshot", 4)
    (standing,) = found["standing"]
    assert (standing["rule"], standing["since"]) == ("optional-set-incomplete", "2026-11-24T20:00:00Z")
    assert (standing["seen"], standing["known"]) == ("2026-11-26T20:00:00Z", True)
    assert [each["status"] for each in found["trend"]] == ["clean", "findings", "incomplete", "findings"]


def test_a_report_has_the_trend_where_a_history_is_kept_and_the_page_is_the_same_when_it_is_rendered_later(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, page = tmp_path / "history.db", tmp_path / "page.html"
    assert scan(WHOLE) == 0
    report = tmp_path / "report.json"
    assert json.loads(report.read_text(encoding="utf-8"))["audits"][0]["trend"] is None
    scan(WHOLE, "--history", str(path))
    scan(HALF, "--history", str(path), "--output", f"html:{page}", days=1)
    first, second = json.loads(report.read_text(encoding="utf-8"))["audits"][0]["trend"]
    none = dict.fromkeys(("error", "warning", "note"), 0)
    assert first == {"taken_at": "2026-11-23T20:00:00Z", "status": "clean", "partial": True, **none}
    assert (second["taken_at"], second["warning"] + second["note"]) == ("2026-11-24T20:00:00Z", 1)
    capsys.readouterr()
    assert main(["render", str(report), "--output", "html"]) == 0
    assert capsys.readouterr().out == page.read_text(encoding="utf-8")
    assert ">Trend<" in page.read_text(encoding="utf-8")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    """A history of four audits of one account, and a run that audited nothing."""
    path = tmp_path / "history.db"
    first, second = policy_missing(), policy_missing("arn:aws:iam::aws:policy/AmazonEC2FullAccess")
    runs = [
        Report((audit(findings=(first,)),)),
        Report((audit(findings=(first, second), taken_at=NOW + timedelta(days=1)),)),
        Report((audit(findings=(second,), taken_at=NOW + timedelta(days=2)),)),
        replace(REPORTS["gapped"], audits=(replace(REPORTS["gapped"].audits[0], taken_at=NOW + timedelta(days=3)),)),
        REPORTS["empty"],
    ]
    for each in runs:
        history_store.append_run(str(path), each, None, NOW + timedelta(days=3))
    return path


def test_the_table_shows_what_stands_what_came_and_went_and_a_trend(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", str(kept), "--last", "2"]) == 0
    out = capsys.readouterr().out
    head = "Account   123456789012 (partition aws), live\nAudits    4, the last at 2026-11-26T20:00:00Z: incomplete\n"
    assert out.startswith(head)
    assert "Open      16 findings\n" in out
    stands = "  error     2026-11-24T20:00:00Z  2 days             policy-missing: group Developers lacks"
    assert (
        f"{stands} AmazonEC2FullAccess, which set stack-build requires (not known since 2026-11-25T20:00:00Z)\n" in out
    )
    assert (
        "New and resolved, in the last 2 audits\n  2026-11-25T20:00:00Z  resolved  error  policy-missing: group" in out
    )
    trend = out[out.index("Trend, in the last 2 audits") :].splitlines()[1:4]
    assert [each.split() for each in trend] == [
        ["audit", "result", "error", "warning", "note", "waived", "fixed", "not", "checked", "new", "resolved"],
        ["2026-11-25T20:00:00Z", "findings", "1", "0", "0", "0", "0", "0", "0", "1"],
        ["2026-11-26T20:00:00Z", "incomplete", "1", "0", "0", "0", "0", "14", "15", "0"],
    ]
    assert "Runs that audited nothing\n  2026-11-26T20:00:00Z  no such key: polices\n" in out


def test_a_finding_that_is_gone_with_an_edit_of_the_file_is_told_apart_from_a_resolved_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.db"
    for day, findings in enumerate(((policy_missing(),), ())):
        file = SourceFile("iam.yaml", str(day) * 64)
        taken = audit(findings=findings, desired=(file,), taken_at=NOW + timedelta(days=day))
        history_store.append_run(str(path), Report((taken,)), None, NOW + timedelta(days=1))
    assert main(["history", str(path)]) == 0
    assert "  2026-11-24T20:00:00Z  gone, file changed  error  policy-missing: group" in capsys.readouterr().out
    assert main(["history", str(path), "--output", "json"]) == 0
    (account,) = json.loads(capsys.readouterr().out)["accounts"]
    assert [each["event"] for each in account["events"]] == ["came", "changed"]


def test_one_account_can_be_asked_for_and_another_one_is_not_there(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", str(kept), "--account", "123456789012"]) == 0
    assert main(["history", str(kept), "--account", "210987654321"]) == 2
    assert "has no audit of account 210987654321" in capsys.readouterr().err


def test_names_from_outside_are_inert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "history.db"
    history_store.append_run(str(path), REPORTS["hostile"], None, NOW)
    history_store.append_run(str(path), replace(REPORTS["hostile"], audits=()), None, NOW)
    assert main(["history", str(path)]) == 0
    out = capsys.readouterr().out
    assert all(line.isprintable() for line in out.splitlines())
    assert "\n::set-output" not in out
    assert HOSTILE.partition("\u202e")[0] not in out


def test_a_history_that_holds_nothing_yet_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "history.db").touch()
    assert main(["history", str(tmp_path / "history.db")]) == 0
    assert capsys.readouterr().out == "No run is in this history yet.\n"


# --- a history that fails -----------------------------------------------------------------------


def test_a_history_that_fails_is_an_error_of_the_run_and_the_report_is_written_all_the_same(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.db"
    path.write_text("something else", encoding="utf-8")
    assert scan(WHOLE, "--history", str(path), "--exit-zero") == 2
    err = capsys.readouterr().err
    assert err.count("error: ") == 1
    assert f"error: the history {path} cannot be used: file is not a database" in err
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (report["status"], report["audits"][0]["status"]) == ("incomplete", "clean")
    assert "the report is written, but this run is not in the history" in report["errors"][0]["hint"]
    assert path.read_text(encoding="utf-8") == "something else"


def test_an_audit_from_the_future_is_an_error_of_the_run_and_told_of_a_history_that_has_one(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.db"
    scan(HALF, "--history", str(path))
    assert scan(WHOLE, "--history", str(path), days=99_999) == 2
    assert "account 123456789012 was read in the future, at 2300-09-07T20:00:00Z" in capsys.readouterr().err
    (found,) = shown(path, capsys)["accounts"]
    assert (found["audits"], len(found["standing"])) == (1, 1)
    assert shown(path, capsys)["future"] == []
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("UPDATE audits SET taken_at = '2300-09-07T20:00:00Z'")
    told = shown(path, capsys)
    assert (told["accounts"], [each["at"] for each in told["future"]]) == ([], ["2300-09-07T20:00:00Z"])
    assert main(["history", str(path)]) == 0
    assert "Audits from the future, which are left out: a clock was wrong\n  2300-" in capsys.readouterr().out


def test_a_trend_that_cannot_be_told_is_an_error_of_the_run_which_is_kept_all_the_same(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.db"
    scan(HALF, "--history", str(path))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE sightings SET severity = 'odd'")
    assert scan(WHOLE, "--history", str(path), "--exit-zero", days=1) == 2
    assert "this run is in the history, but its report has no trend" in capsys.readouterr().err
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (report["status"], report["audits"][0]["trend"]) == ("incomplete", None)
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM audits").fetchone() == (2,)


def test_a_run_that_could_audit_nothing_is_kept_as_that(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "history.db"
    (tmp_path / "account.json").write_text("{", encoding="utf-8")
    line = ["scan", str(tmp_path / "wanted.yaml"), "--source", f"snapshot:{tmp_path / 'account.json'}"]
    assert main([*line, "--history", str(path)]) == 2
    capsys.readouterr()
    found = shown(path, capsys)
    assert (found["accounts"], len(found["failed"])) == ([], 1)


@pytest.mark.parametrize(
    ("name", "told"),
    [("-", "is not a file name"), (".", "is not a file name"), ("nowhere/history.db", "is not a folder")],
)
def test_a_history_that_cannot_be_is_refused_before_anything_is_read(
    name: str, told: str, scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(WHOLE, "--history", name) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "report.json").exists()


def test_a_report_is_not_laid_over_the_history(scan: Scan, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = kept.read_bytes()
    assert scan(WHOLE, "--history", str(kept), "--output", f"csv:{kept}") == 2
    assert "a file that this run reads or writes" in capsys.readouterr().err
    assert kept.read_bytes() == before


def test_a_scan_without_a_history_does_not_load_sqlite_and_showing_one_nothing_of_aws(
    tmp_path: Path, kept: Path
) -> None:
    report = tmp_path / "report.json"
    report.write_text(encode_report(REPORTS["full"]), encoding="utf-8")
    (tmp_path / "wanted.yaml").write_text(WANTED, encoding="utf-8")
    saved = tmp_path / "account.json"
    saved.write_text(encode_snapshot(WHOLE), encoding="utf-8")
    for line, loaded in (
        (["scan", str(tmp_path / "wanted.yaml"), "--source", f"snapshot:{saved}"], []),
        (["history", str(kept)], ["sqlite3"]),
    ):
        script = (
            "import sys\n"
            "from koding_audit.cli import main\n"
            f"main({line!r})\n"
            "print([name for name in ('sqlite3', 'botocore', 'ssl', 'urllib.request') if name in sys.modules])\n"
        )
        assert told_by(script) == repr(loaded)
