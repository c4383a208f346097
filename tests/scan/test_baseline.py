"""`scan --baseline` on saved accounts: what fails, what is refused, and that a rendering says the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from koding_audit import plugins
from koding_audit.cli import main
from koding_audit.io.codec.snapshot import encode_snapshot
from koding_audit.model.account import Account
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Report
from koding_audit.model.snapshot import Snapshot
from koding_audit.report.codec import encode_report
from koding_audit.scan import baseline
from tests.cli.commands.accounts import HALF, WANTED, WHOLE
from tests.report.formats.reports import REPORTS
from tests.values import aws, live_group

LESS = replace(HALF, principals={**HALF.principals, ("group", "developers"): live_group("Developers", attached=[])})
"""Lacks what is required, and has nothing of the optional set."""

WORSE = replace(
    HALF,
    principals={
        **HALF.principals,
        ("group", "developers"): live_group("Developers", attached=[aws("AmazonRoute53FullAccess")]),
    },
)
"""Half of the optional set, as HALF, and what is required is missing as well."""

Scan = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wanted.yaml").write_text(WANTED, encoding="utf-8")


def scan(account: Snapshot, *said: str, out: str = "report.json") -> tuple[int, dict[str, Any]]:
    """Scans a saved account; gives the status, and the report in `out`."""
    Path("account.json").write_text(encode_snapshot(account), encoding="utf-8")
    line = ["scan", "wanted.yaml", "--source", "snapshot:account.json", "--output", f"json:{out}"]
    line += ["--skip", "policy-not-found", "--skip", "quota-exceeded", *said]
    return main(line), json.loads(Path(out).read_text(encoding="utf-8"))


def save(account: Snapshot) -> None:
    scan(account, out="known.json")


def marks(report: Mapping[str, Any]) -> dict[str, bool]:
    (found,) = report["audits"]
    return {each["rule"]: each["known"] for each in found["findings"]}


def test_only_what_is_new_fails() -> None:
    assert scan(HALF)[0] == 1
    save(HALF)
    status, report = scan(HALF, "--baseline", "known.json")
    assert (status, report["status"], marks(report)) == (0, "clean", {"optional-set-incomplete": True})
    status, report = scan(WORSE, "--baseline", "known.json")
    assert (status, report["status"]) == (1, "findings")
    assert marks(report) == {"policy-missing": False, "optional-set-incomplete": True}


def test_the_report_names_its_baseline_and_what_of_it_is_gone() -> None:
    save(WORSE)
    later = replace(WHOLE, taken_at=WHOLE.taken_at + timedelta(days=3))
    status, report = scan(later, "--baseline", "known.json", "--output", "table:table")
    (found,) = report["audits"]
    assert status == 0
    assert found["baseline"]["path"] == "known.json"
    assert len(found["baseline"]["sha256"]) == 64
    assert [each.partition("/")[0] for each in found["baseline"]["gone"]] == [
        "optional-set-incomplete",
        "policy-missing",
    ]
    table = Path("table").read_text(encoding="utf-8")
    assert "Baseline  known.json, of an audit 3 days before this one" in table
    assert "2 findings of the baseline are resolved" in table
    # What did not run cannot say so.
    (found,) = scan(later, "--baseline", "known.json", "--skip", "policy-missing")[1]["audits"]
    assert [each.partition("/")[0] for each in found["baseline"]["gone"]] == ["optional-set-incomplete"]


def test_without_a_baseline_a_report_says_that_there_is_none() -> None:
    (found,) = scan(HALF)[1]["audits"]
    assert found["baseline"] is None
    assert [each["known"] for each in found["findings"]] == [False]


def test_a_baseline_that_was_made_beside_another_one_keeps_what_was_known() -> None:
    save(HALF)
    scan(WORSE, "--baseline", "known.json", out="second.json")
    assert scan(WORSE, "--baseline", "second.json")[0] == 0


def test_a_saved_report_gives_the_same_in_every_format() -> None:
    save(HALF)
    formats = plugins.plugin_names("report.formats")
    status, _ = scan(WORSE, "--baseline", "known.json", *(f"--output={each}:scanned.{each}" for each in formats))
    assert status == 1
    assert main(["render", "report.json", *(f"--output={each}:rendered.{each}" for each in formats)]) == 0
    for each in formats:
        assert Path(f"rendered.{each}").read_bytes() == Path(f"scanned.{each}").read_bytes()


# --- what it does not hide ----------------------------------------------------------------------


def test_what_was_not_read_is_2_whatever_the_baseline_holds(capsys: pytest.CaptureFixture[str]) -> None:
    gap = Gap(Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport", "AccessDenied")
    account = replace(WHOLE, root_use=None, gaps=(gap,))
    save(account)
    capsys.readouterr()
    status, report = scan(account, "--baseline", "known.json", "--exit-zero")
    assert (status, marks(report)) == (2, {"not-checked": False})
    assert "The baseline known.json is of an incomplete audit: findings that it could not check are new." in (
        capsys.readouterr().err
    )


def test_roots_findings_fail_every_time() -> None:
    present = {"AccountAccessKeysPresent": 1, "AccountSigningCertificatesPresent": 1}
    account = replace(WHOLE, summary={**present, "AccountMFAEnabled": 0})
    save(account)
    status, report = scan(account, "--baseline", "known.json")
    found = ("root-access-key", "root-mfa-missing", "root-signing-certificate")
    assert (status, marks(report)) == (1, dict.fromkeys(found, False))


def test_what_is_waived_stays_waived_and_what_was_waived_is_not_known() -> None:
    waiver = '\nwaivers:\n  - {rule: optional-set-incomplete, reason: it moves, owner: web, expires: "2999-12-31"}\n'
    save(HALF)
    Path("wanted.yaml").write_text(WANTED + waiver, encoding="utf-8")
    status, report = scan(HALF, "--baseline", "known.json", out="waived.json")
    (found,) = report["audits"]
    (waived,) = found["findings"]
    assert (status, waived["status"], waived["known"], found["baseline"]["gone"]) == (0, "waived", False, [])
    # The waiver was taken out, and nothing else accepts it.
    Path("wanted.yaml").write_text(WANTED, encoding="utf-8")
    assert scan(HALF, "--baseline", "waived.json")[0] == 1


def test_what_is_known_is_still_offered_to_be_fixed(capsys: pytest.CaptureFixture[str]) -> None:
    save(LESS)
    status, report = scan(LESS, "--baseline", "known.json", "--output", "table")
    assert status == 0
    assert marks(report) == {"policy-missing": True}
    assert "To fix   koding-audit scan wanted.yaml --fix" in capsys.readouterr().out


# --- what is refused ----------------------------------------------------------------------------


def test_a_baseline_of_another_account_is_refused_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    save(replace(HALF, account=Account("210987654321", "aws")))
    capsys.readouterr()
    status, report = scan(HALF, "--baseline", "known.json")
    assert (status, report["audits"]) == (2, [])
    told = capsys.readouterr().err
    assert "the baseline known.json is of account 210987654321 (aws); this is account 123456789012 (aws)" in told
    assert "without --baseline, `--output json:REPORT` saves one" in told


def test_of_a_report_of_several_accounts_the_one_of_this_account_counts() -> None:
    Path("known.json").write_text(of("several"), encoding="utf-8")
    saved = baseline.read_baseline("known.json")
    other, here = Account("210987654321", "aws-cn"), REPORTS["several"].audits[0].account
    assert [each.account for each in saved.audits_of(other)] == [other]
    # An alias may have come since; another partition is another account.
    assert saved.audits_of(replace(here, alias=None))
    assert not saved.audits_of(replace(here, partition="aws-us-gov"))
    assert saved.accounts == {other.id, here.id}


def of(name: str) -> str:
    return encode_report(REPORTS[name])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (of("empty"), "this baseline contains no audit; save it again"),
        ("{}", "version: must be 1; a baseline is what `scan FILE --output json:REPORT` saved"),
        ("[]", "must be an object; a baseline is what"),
        ("", "not JSON"),
        (
            of("full").replace('"version": 1', '"version": 2', 1),
            "version 2 is newer than this koding-audit supports",
        ),
        (of("full").replace('"version": 1', '"version": 0', 1), "version: must be 1; a baseline is what"),
        (of("full").replace('"status": "findings"', '"status": "clean"', 1), "the report was edited"),
        (encode_snapshot(WHOLE), "this is not a report; make one with `scan FILE --output json:REPORT`"),
    ],
    ids=("nothing audited", "an object", "a list", "empty", "newer", "older", "by hand", "a snapshot"),
)
def test_what_is_no_whole_report_is_refused_before_the_account_is_read(
    text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("known.json").write_text(text, encoding="utf-8")
    line = ["scan", "wanted.yaml", "--source", "snapshot:not-there.json", "--baseline", "known.json"]
    assert main([*line, "--output", "json:report.json"]) == 2
    assert told in capsys.readouterr().err
    assert "known.json" in json.dumps(json.loads(Path("report.json").read_text(encoding="utf-8"))["errors"])


@pytest.mark.parametrize("path", ["nowhere.json", "", "."])
def test_a_baseline_that_is_not_there_is_refused_and_never_left_out(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(WHOLE, f"--baseline={path}")[0] == 2
    assert "error:" in capsys.readouterr().err


def test_a_report_is_not_laid_over_its_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    save(HALF)
    before = Path("known.json").read_bytes()
    line = ["scan", "wanted.yaml", "--source", "snapshot:account.json", "--baseline", "known.json"]
    assert main([*line, "--output", "json:known.json"]) == 2
    assert "known.json is a file that this run reads" in capsys.readouterr().err
    assert Path("known.json").read_bytes() == before


def test_names_in_a_baseline_are_inert(capsys: pytest.CaptureFixture[str]) -> None:
    account = Account("210987654321", "aws\x1b[2J\u202e")
    hostile = Report(tuple(replace(each, account=account) for each in REPORTS["full"].audits))
    Path("known.json").write_text(encode_report(hostile), encoding="utf-8")
    assert scan(WHOLE, "--baseline", "known.json")[0] == 2
    told = capsys.readouterr().err
    assert "aws\\x1b[2J\\u202e" in told
    assert all(line.isprintable() for line in told.split("\n"))
