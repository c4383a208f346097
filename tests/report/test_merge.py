"""Reports that are merged: they belong to one run, none is missing, and none is counted twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.model.location import SourceFile
from koding_audit.model.report import AuditScope, Problem, Report, RunIdentity, Shard
from koding_audit.report.merge import merge_reports
from koding_audit.report.status import report_status
from tests.report.formats.reports import NOW, audit

INPUTS, ACCOUNTS = "1" * 64, "2" * 64
FAILED = Report((), errors=(Problem("no credentials"),), run=RunIdentity("", Shard(2, 3)))


def report(account: int, run: RunIdentity | None = None, *, hours: float = 0, **more: object) -> Report:
    """A clean report of one account, read so many hours after NOW."""
    found = audit(account=Account(str(account) * 12, "aws"), taken_at=NOW + timedelta(hours=hours))
    return replace(Report((found,), run=run), **more)


def shard(number: int, count: int = 3, *, run: str = INPUTS, inputs: str = INPUTS, accounts: str = ACCOUNTS) -> Report:
    return report(number, RunIdentity(run, Shard(number, count, inputs, accounts)))


def merged(reports: Iterable[Report], notes: list[str] | None = None) -> Report:
    named = ((f"{number}.json", each) for number, each in enumerate(reports, 1))
    return merge_reports(named, ([] if notes is None else notes).append)


def refusal(*reports: Report) -> str:
    with pytest.raises(InputError) as refused:
        merged(reports)
    assert refused.value.hint
    return refused.value.message


def test_all_shards_of_a_run_are_one_whole_run() -> None:
    whole = merged([shard(2), shard(3), shard(1)])
    assert [each.account.id[0] for each in whole.audits] == ["1", "2", "3"]
    assert (whole.run, whole.errors, report_status(whole)) == (None, (), "clean")
    named = merged(shard(number, run="nightly-7") for number in (1, 2, 3))
    assert named.run == RunIdentity("nightly-7")


@pytest.mark.parametrize(
    ("present", "told", "hint"),
    [
        ([1, 2], "shard 3 of 3 is missing", "run it again with --shard 3/3, and merge all shards"),
        ([3], "shards 1, 2 of 3 are missing", "run them again, and merge all shards"),
    ],
)
def test_a_missing_shard_is_an_error_of_the_whole_and_what_was_found_is_reported(
    present: list[int], told: str, hint: str
) -> None:
    part = merged(map(shard, present))
    assert part.errors == (Problem(told, hint),)
    assert (len(part.audits), report_status(part)) == (len(present), "incomplete")


def test_of_many_missing_shards_the_first_are_named() -> None:
    (problem,) = merged([shard(1, 20)]).errors
    assert problem.message == "shards 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 9 more of 20 are missing"


def test_a_shard_that_failed_before_it_knew_its_run_is_missing_and_its_error_counts() -> None:
    whole = merged([FAILED, shard(1), shard(3)])
    assert [each.message for each in whole.errors] == ["no credentials", "shard 2 of 3 is missing"]
    assert (whole.run, report_status(whole)) == (None, "incomplete")


def test_a_shard_that_failed_and_knows_its_run_by_the_command_line_is_there() -> None:
    named = replace(FAILED, run=RunIdentity("nightly-7", Shard(2, 3)))
    whole = merged([named, *(shard(each, run="nightly-7") for each in (1, 3))])
    assert (whole.run, [each.message for each in whole.errors]) == (RunIdentity("nightly-7"), ["no credentials"])


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_shard_without_an_id_hides_no_two_runs_in_any_order(order: tuple[int, ...]) -> None:
    parts = [FAILED, shard(1, run="a"), shard(3, run="b")]
    assert "are of different runs: " in refusal(*(parts[each] for each in order))


def test_reports_of_accounts_with_other_files_or_options_are_told_of_without_a_run_and_refused_with_one() -> None:
    other_file = audit(account=Account("2" * 12, "aws"), desired=(SourceFile("x.yaml", "cd" * 32),))
    for found in (other_file, *(replace(other_file, desired=audit().desired, scope=each) for each in OTHER_SCOPES)):
        notes: list[str] = []
        merged([report(1), Report((found,))], notes)
        told = "1.json and 2.json were made with different desired files, --with, --only, --skip or --stack."
        assert notes == [told]
    same: list[str] = []
    merged([report(1), replace(report(2), audits=(replace(report(2).audits[0], scope=AuditScope(("a",))),))], same)
    assert same == []


OTHER_SCOPES = [AuditScope(with_sets=("a",)), AuditScope(only=("a",)), AuditScope(skip=("a",))]


REFUSED: dict[str, tuple[Report, Report, str]] = {
    "the same shard twice": (
        shard(2),
        replace(shard(2), audits=report(5).audits),
        "1.json and 2.json are both shard 2 of 3",
    ),
    "shards of different counts": (
        shard(1),
        shard(2, 4),
        "1.json is shard 1 of 3, and 2.json is shard 2 of 4",
    ),
    "a shard and a whole run": (report(5), shard(1), "2.json is the report of a shard, and 1.json is not"),
    "different default ids": (
        shard(1),
        shard(2, run="3" * 64, inputs="3" * 64),
        f"1.json and 2.json are of different runs: {INPUTS} and {'3' * 64}",
    ),
    "different ids": (
        shard(1, run="a"),
        shard(2, run="b"),
        "1.json and 2.json are of different runs: a and b",
    ),
    "different ids of whole runs": (
        report(1, RunIdentity("a")),
        report(2, RunIdentity("b")),
        "1.json and 2.json are of different runs: a and b",
    ),
    "one run without an id": (
        report(1, RunIdentity("a")),
        report(2),
        "1.json and 2.json are of different runs: a and none",
    ),
    "one id and different options": (
        shard(1, run="a"),
        shard(2, run="a", inputs="3" * 64),
        "1.json and 2.json are of one run, but their files, targets or options differ",
    ),
    "one id and different options of whole runs": (
        report(1, RunIdentity("a", inputs=INPUTS)),
        report(2, RunIdentity("a", inputs="3" * 64)),
        "1.json and 2.json are of one run, but their files, targets or options differ",
    ),
    "one id, and options that are not known": (
        report(1, RunIdentity("a", inputs=INPUTS)),
        report(2, RunIdentity("a")),
        "1.json and 2.json are of one run, but their files, targets or options differ",
    ),
    "different accounts": (
        shard(1),
        shard(2, accounts="3" * 64),
        "the shards of 1.json and 2.json found different accounts",
    ),
    "an account twice": (report(1), report(1), f"account {'1' * 12} is in 1.json and in 2.json"),
    "different --fail-on": (
        report(1),
        report(2, fail_on="error"),
        "1.json and 2.json were made with different --fail-on: warning and error",
    ),
    "different versions": (
        report(1, made_by="0.1.0"),
        report(2, made_by="0.2.0"),
        "1.json and 2.json were made by different versions of this tool: 0.1.0 and 0.2.0",
    ),
    "different days": (
        report(1, hours=25),
        report(2),
        "2.json and 1.json were read more than 24 hours apart: 2026-11-23T20:00:00Z and 2026-11-24T21:00:00Z",
    ),
}


@pytest.mark.parametrize(("one", "other", "told"), REFUSED.values(), ids=REFUSED)
def test_reports_that_do_not_belong_together_are_refused_with_both_files(one: Report, other: Report, told: str) -> None:
    assert refusal(one, other) == told


def test_the_unknown_hashes_of_a_failed_shard_hide_no_difference_between_the_others() -> None:
    failed = Report((), errors=(Problem("no credentials"),), run=RunIdentity("", Shard(1, 3)))
    assert "2.json and 3.json found different accounts" in refusal(failed, shard(2), shard(3, accounts="3" * 64))


def test_a_run_over_midnight_is_one_run_and_a_day_between_any_two_is_two() -> None:
    assert report_status(merged([report(1), report(2, hours=24)])) == "clean"
    between = [report(1, hours=1), report(2, hours=20), report(3, hours=24.5), report(4)]
    assert "4.json and 3.json were read more than 24 hours apart" in refusal(*between)
    long = replace(report(1), audits=(*report(1, hours=2).audits, *report(2, hours=24).audits))
    assert "2.json and 1.json were read more" in refusal(long, report(3, hours=-1))


def test_reports_of_accounts_without_shards_are_merged_and_one_that_is_missing_cannot_be_known() -> None:
    assert (merged([report(1), report(2)]).run, merged([report(1), report(2)]).errors) == (None, ())
    assert merged([report(1, RunIdentity("a")), report(2, RunIdentity("a"))]).run == RunIdentity("a")
