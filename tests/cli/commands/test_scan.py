"""`scan` on saved accounts: statuses, reports and files, without a server and without AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from koding_audit import plugins
from koding_audit.cli import main
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import Snapshot
from tests.cli.commands.accounts import HALF, WANTED, WHOLE
from tests.unmeasured import told_by


@pytest.fixture
def scan(tmp_path: Path, wanted: str) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs `scan` on an account; gives its status and its JSON report."""

    def run(account: Snapshot, *said: str) -> tuple[int, dict[str, Any]]:
        saved, report = tmp_path / "account.json", tmp_path / "report.json"
        saved.write_text(encode_snapshot(account), encoding="utf-8")
        every = ["--skip", "policy-not-found", "--skip", "quota-exceeded"]
        status = main(["scan", wanted, "--source", f"snapshot:{saved}", "--output", f"json:{report}", *every, *said])
        return status, json.loads(report.read_text(encoding="utf-8"))

    return run


def test_a_scan_of_what_is_right_loads_nothing_that_it_does_not_use(tmp_path: Path, wanted: str) -> None:
    saved = tmp_path / "account.json"
    saved.write_text(encode_snapshot(WHOLE), encoding="utf-8")
    said = ["scan", wanted, "--source", f"snapshot:{saved}", "--skip", "policy-not-found", "--skip", "quota-exceeded"]
    script = (
        "import json, sys\n"
        "from koding_audit.cli import main\n"
        f"status = main({said!r})\n"
        "print(json.dumps([status, *sys.modules]))\n"
    )
    status, *loaded = json.loads(told_by(script))
    assert status == 0
    assert not {"jsonschema", "boto3", "botocore", "sqlite3"}.intersection(loaded)
    unused = ("actions", "difference", "evaluate", "export", "guards", "history", "plan", "remediate", "stack")
    assert not {f"koding_audit.{room}" for room in unused}.intersection(loaded)


def test_a_whole_account_is_0(scan: Callable[..., Any]) -> None:
    status, report = scan(WHOLE)
    assert (status, report["status"]) == (0, "clean")


def test_one_scan_writes_every_format_and_its_saved_report_gives_the_same(
    tmp_path: Path, scan: Callable[..., Any]
) -> None:
    formats = plugins.plugin_names("report.formats")
    (tmp_path / "scanned").mkdir()
    (tmp_path / "rendered").mkdir()
    status, _ = scan(HALF, *(f"--output={each}:{tmp_path}/scanned/{each}" for each in formats))
    assert status == 1
    said = [f"--output={each}:{tmp_path}/rendered/{each}" for each in formats]
    assert main(["render", str(tmp_path / "report.json"), *said]) == 0
    for each in formats:
        assert (tmp_path / "rendered" / each).read_bytes() == (tmp_path / "scanned" / each).read_bytes()


@pytest.mark.parametrize(
    ("said", "status"), [([], 1), (["--fail-on", "error"], 0), (["--fail-on", "note"], 1), (["--exit-zero"], 0)]
)
def test_a_warning_is_1_from_the_severity_that_counts(said: list[str], status: int, scan: Callable[..., Any]) -> None:
    found, report = scan(HALF, *said)
    assert found == status
    assert [each["rule"] for each in report["audits"][0]["findings"]] == ["optional-set-incomplete"]


def test_what_was_not_read_is_2_whatever_was_said(scan: Callable[..., Any]) -> None:
    gap = Gap(Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport", "AccessDenied")
    account = replace(WHOLE, root_use=None, gaps=(gap,))
    assert scan(account, "--exit-zero", "--fail-on", "error")[0] == 2
    assert scan(account, "--skip", "root-used", "--skip", "root-key-used")[0] == 0


def test_with_a_set_an_optional_half_is_an_error(scan: Callable[..., Any]) -> None:
    status, report = scan(HALF, "--with", "dns", "--fail-on", "error")
    assert status == 1
    assert [each["rule"] for each in report["audits"][0]["findings"]] == ["policy-missing"]


@pytest.mark.parametrize("said", [["--with", "nope"], ["--only", "nope"], ["--account", "999999999999"]])
def test_where_no_audit_was_possible_the_report_says_why(said: list[str], scan: Callable[..., Any]) -> None:
    status, report = scan(WHOLE, *said)
    assert (status, report["status"], report["audits"]) == (2, "incomplete", [])
    assert report["errors"][0]["message"]
    assert report["errors"][0]["hint"]


@pytest.mark.parametrize(
    "said", [["--create"], ["--replace"], ["--yes"], ["--dry-run"], ["--journal", "x"]], ids=lambda said: said[0]
)
def test_how_to_write_without_anything_to_write_is_refused(
    said: list[str], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", wanted, *said]) == 2
    assert f"error: {said[0]} needs --fix" in capsys.readouterr().err


def test_a_snapshot_cannot_be_repaired(wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", wanted, "--source", "snapshot:nowhere", "--fix", "--yes", "--account", "123456789012"]) == 2
    assert "a snapshot is read-only" in capsys.readouterr().err


def test_a_waiver_in_a_file_that_may_not_have_one_is_an_error_at_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "proposed.yaml"
    file.write_text(
        'version: 1\ngroups: {O: {}}\nwaivers:\n  - {rule: group-missing, reason: x, owner: y, expires: "2099-01-31"}\n'
    )
    run = ["scan", str(file), "--source", "demo", "--output", "github"]
    assert main(run) == 0
    assert main([*run, f"--no-waivers-in={file}"]) == 2
    assert re.search(r"proposed\.yaml,line=4,.*this file may not have waivers", capsys.readouterr().out)


def test_what_another_tool_manages_is_shown_for_that_tool_and_never_offered_to_fix(
    wanted: str, saved_account: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["scan", wanted, "--source", saved_account, "--only", "policy-missing"]
    main(said)
    assert "To fix" in capsys.readouterr().out
    Path(wanted).write_text(WANTED.replace("members:", "managed_by: terraform, members:"), encoding="utf-8")
    assert main(said) == 1
    printed = " ".join(capsys.readouterr().out.split())
    remedy = "terraform manages it, so --fix does not change it: run `koding-audit plan FILE --as terraform` to print"
    assert remedy in printed
    assert "To fix" not in printed
    assert "can be fixed" not in printed


def test_a_named_run_says_what_its_reports_have_in_common_whatever_account_they_are_of(
    scan: Callable[..., Any],
) -> None:
    first, again, other = (
        scan(WHOLE, "--run", "a", *more)[1]["run"]
        for more in ((), ("--account", WHOLE.account.id), ("--skip", "root-used"))
    )
    assert first == again
    assert (first["id"], first["shard"], len(first["inputs"])) == ("a", None, 64)
    assert first["inputs"] != other["inputs"]
