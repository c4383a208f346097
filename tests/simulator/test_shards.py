"""Shards of a run over an organization: one that died is missed, and waivers are decided over all of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest

from koding_audit.cli import main
from tests.simulator.account import AWS, Account
from tests.simulator.organization import Organization
from tests.simulator.quick import quickened
from tests.simulator.scenario import command
from tests.simulator.server import listening

IDS = ("111111111111", "222222222222", "333333333333")
LISTED = f"accounts: {json.dumps(IDS)}"
TAGGED = "tag: {stage: live}"
FILE = f"""version: 1
targets:
  all: {{{LISTED}, role: audit}}
policy_sets:
  read: {{policies: [ReadOnlyAccess]}}
groups:
  Readers: {{required: [read]}}
"""


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quickened():
        yield


@pytest.fixture
def organization() -> Iterator[Organization]:
    """Three accounts as the file declares, but the last one's group lacks its policy."""
    members = {each: account(attached=each != IDS[-1]) for each in IDS}
    with listening(Organization(Account(), members=members)) as server:
        yield server


def account(*, attached: bool) -> Account:
    made = Account()
    made.add_policy(f"{AWS}ReadOnlyAccess")
    made.add("Group", "Readers", attached=[f"{AWS}ReadOnlyAccess"] if attached else [])
    return made


def shard(organization: Organization, folder: Path, number: int, *more: str, file: str = FILE) -> tuple[int, str]:
    """The status of a shard of three, and the path of its report."""
    (folder / "desired.yaml").write_text(file, encoding="utf-8")
    path = str(folder / f"shard-{number}.json")
    said = ("scan", str(folder / "desired.yaml"), "--shard", f"{number}/3", "--output", f"json:{path}", *more)
    return command(organization, folder, *said, journal=False).status, path


def merge(*paths: str) -> tuple[int, dict[str, Any], str]:
    """The status, the report, and what was printed on standard error."""
    out, told = Path(paths[0]).parent / "merged.json", io.StringIO()
    with redirect_stderr(told):
        status = main(["merge", *paths, "--output", f"json:{out}"])
    return status, json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}, told.getvalue()


def test_a_shard_whose_job_died_is_missed(organization: Organization, tmp_path: Path) -> None:
    paths = [shard(organization, tmp_path, number)[1] for number in (1, 2)]
    status, report, told = merge(*paths)
    assert (status, report["status"], len(report["audits"])) == (2, "incomplete", 2)
    assert "error: shard 3 of 3 is missing; run it again with --shard 3/3" in told
    third = shard(organization, tmp_path, 3)
    assert (third[0], merge(*paths, third[1])[0]) == (1, 1)


def test_a_shard_that_could_not_find_its_accounts_says_which_shard_it_is(
    organization: Organization, tmp_path: Path
) -> None:
    organization.secretive = True
    failed, path = shard(organization, tmp_path, 2, "--run", "nightly-7", file=FILE.replace(LISTED, TAGGED))
    saved = json.loads(Path(path).read_text(encoding="utf-8"))
    assert (failed, saved["audits"]) == (2, [])
    place = {"number": 2, "count": 3, "inputs": "", "accounts": ""}
    assert saved["run"] == {"id": "nightly-7", "inputs": "", "shard": place}


def test_a_shard_of_another_list_of_accounts_is_refused(organization: Organization, tmp_path: Path) -> None:
    file = FILE.replace(LISTED, TAGGED)
    organization.tags = {each: {"stage": "live"} for each in IDS}
    one = shard(organization, tmp_path, 1, file=file)[1]
    organization.members["000000000000"] = account(attached=True)
    organization.tags["000000000000"] = {"stage": "live"}
    others = [shard(organization, tmp_path, number, file=file)[1] for number in (2, 3)]
    status, report, told = merge(one, *others)
    assert (status, report) == (2, {})
    assert "found different accounts; one may be in no shard: run all shards again" in told


@pytest.mark.parametrize("more", [("--skip", "root-used"), ("--strict",), ("--target", "all")])
def test_shards_with_other_options_are_of_other_runs_also_with_one_id(
    organization: Organization, tmp_path: Path, more: tuple[str, ...]
) -> None:
    for run, told in (((), "are of different runs"), (("--run", "7"), "their files, targets or options differ")):
        one, other = shard(organization, tmp_path, 1, *run)[1], shard(organization, tmp_path, 2, *run, *more)[1]
        status, report, error = merge(one, other)
        assert (status, report, told in error) == (2, {}, True), error


WAIVERS = """waivers:
  - {rule: policy-missing, reason: it goes, owner: web, expires: "2999-12-31"}
  - {rule: policy-missing, subject: group/*, reason: it goes, owner: web, expires: "2999-11-30"}
"""
UNUSED = '  - {rule: group-missing, reason: it goes, owner: web, expires: "2999-12-31"}\n'


def test_no_shard_reports_an_unused_waiver_and_their_merge_is_the_report_of_one_run(
    organization: Organization, tmp_path: Path
) -> None:
    for waivers, status in ((WAIVERS, 0), (WAIVERS + UNUSED, 1)):
        shards = [shard(organization, tmp_path, number, file=FILE + waivers) for number in (1, 2, 3)]
        assert [each[0] for each in shards] == [0, 0, 0]
        merged, report, told = merge(*(each[1] for each in shards))
        assert merged == status, told
        whole = command(
            organization, tmp_path, "scan", str(tmp_path / "desired.yaml"), "--output", "json", journal=False
        )
        assert whole.status == status
        assert timeless(report) == timeless(whole.report)


def test_a_merge_without_one_of_the_shards_does_not_decide_that_a_waiver_is_unused(
    organization: Organization, tmp_path: Path
) -> None:
    paths = [shard(organization, tmp_path, number, file=FILE + WAIVERS)[1] for number in (1, 2)]
    status, report, _ = merge(*paths)
    assert (status, [each["findings"] for each in report["audits"]]) == (2, [[], []])


def timeless(report: dict[str, Any]) -> dict[str, Any]:
    times = {"taken_at": "", "credential_report_generated": ""}
    root = {"root": {"access_keys": None, "mfa": None, "use": None}}
    return {**report, "audits": [{**each, **times, **root} for each in report["audits"]]}
