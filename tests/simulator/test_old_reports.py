"""A slice of the audits over an old credential report: what was changed since is found, or said to be unknown."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.account import Account
from tests.simulator.old_reports import CHANGES, NOTE, TRAILS, OldReport, judged, scanned
from tests.simulator.scenario import command
from tests.simulator.server import Simulator, serving

SKIPS = ("--skip", "root-used", "--skip", "root-key-used")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with serving(Account()) as server:
        yield server


def test_a_key_and_a_password_that_are_newer_than_the_report_are_found(simulator: Simulator, tmp_path: Path) -> None:
    """trust.md, row 1: with and without the rules that need the report for root."""
    for flags in ((), SKIPS):
        case = OldReport("gets both", "answers", many=False, flags=flags)
        seen = scanned(simulator, tmp_path, case)
        assert seen.status == 1
        rules = [each["rule"] for each in seen.report["audits"][0]["findings"]]
        assert sorted(rules) == ["access-key-extra", "console-unexpected"]


@pytest.mark.parametrize("change", CHANGES)
def test_few_users_are_read_live_whatever_the_report_shows(change: str, simulator: Simulator, tmp_path: Path) -> None:
    assert judged(simulator, tmp_path, OldReport(change, "answers", many=False)) == []


@pytest.mark.parametrize("change", CHANGES)
def test_of_many_users_those_that_cloudtrail_names_are_read_live(
    change: str, simulator: Simulator, tmp_path: Path
) -> None:
    assert judged(simulator, tmp_path, OldReport(change, "answers among others", many=True)) == []


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--strict",)], ids=["usual", "strict"])
@pytest.mark.parametrize("trail", [each for each, (is_known, _) in TRAILS.items() if not is_known])
def test_without_cloudtrail_the_audit_says_until_when_keys_and_sign_in_are_known(
    trail: str, flags: tuple[str, ...], simulator: Simulator, tmp_path: Path
) -> None:
    change = random.Random(trail).choice([*CHANGES])
    assert judged(simulator, tmp_path, OldReport(change, trail, many=True, flags=flags)) == []


def test_a_saved_snapshot_says_until_when_it_is_known_and_so_does_each_scan_of_it(
    simulator: Simulator, tmp_path: Path
) -> None:
    case = OldReport("gets a key", "denies", many=True)
    scanned(simulator, tmp_path, case)
    saved = tmp_path / "account.json"
    command(simulator, tmp_path, "snapshot", "--out", str(saved), journal=False)
    assert json.loads(saved.read_text())["credential_cutoff"]["permission"] == "cloudtrail:LookupEvents"
    said = ("scan", str(tmp_path / "desired.yaml"), "--source", f"snapshot:{saved}", "--output", "json")
    for flags, status in (((), 0), (("--strict",), 2)):
        seen = command(simulator, tmp_path, *said, *flags, journal=False, endpoint=False)
        assert NOTE in seen.output
        assert seen.report["audits"][0]["credentials_as_of"] is not None
        assert seen.status == status
    older = json.loads(saved.read_text())
    del older["credential_cutoff"]
    saved.write_text(json.dumps(older))
    seen = command(simulator, tmp_path, *said, journal=False, endpoint=False)
    assert "the version that saved the file did not look them up); save the snapshot again" in seen.output
