"""Workflow commands as GitHub's runner reads them."""

from __future__ import annotations

from koding_audit.model.report import Report
from tests.report.formats.many import many
from tests.report.formats.reports import REPORTS, audit, policy_missing, rendered


def test_github_gets_ten_of_each_kind_the_worst_first_and_a_count_of_the_rest() -> None:
    notes = many(25, severity="note").audits[0].findings
    errors = many(12).audits[0].findings
    *commands, verdict, rest = rendered("github", Report((audit(findings=(*notes, *errors)),))).splitlines()
    assert [line.split(" ")[0] for line in commands] == ["::error"] * 10 + ["::notice"] * 10
    assert verdict.endswith("findings: 12 at or above warning")
    assert rest.endswith("because GitHub accepts 10 of each kind from a step: 2 errors, 15 notices")


def test_github_says_nothing_of_what_was_fixed_or_waived() -> None:
    assert "AmazonEC2FullAccess" not in rendered("github", REPORTS["fixed"])
    assert "scratch" not in rendered("github", REPORTS["full"])


def test_a_github_command_is_escaped_as_the_runner_reads_it() -> None:
    finding = policy_missing(message="100%::a,b", subject="a:b,c%d", rule="x", fix=None)
    first, *_ = rendered("github", Report((audit(findings=(finding,)),))).splitlines()
    place, _, message = first.removeprefix("::").partition("::")
    assert message.startswith("100%25::a,b; ")
    assert place == "error file=policies/koding.yaml,line=6,col=16,title=koding-audit x%3A a%3Ab%2Cc%25d"


def test_github_is_told_of_a_clean_run() -> None:
    assert rendered("github", REPORTS["clean"]) == "koding-audit: no findings; clean: nothing at or above warning\n"


def test_what_is_known_is_a_notice_after_all_that_is_new() -> None:
    lines = rendered("github", REPORTS["compared"]).splitlines()
    known = [index for index, line in enumerate(lines) if "(known)" in line and "VPC" not in line]
    assert len(known) == 4
    assert all(lines[index].startswith("::notice ") for index in known)
    assert all(line.startswith("::notice") for line in lines[min(known) : max(known) + 1])
