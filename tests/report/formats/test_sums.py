"""Claims about reports of many accounts in what people read: they are summed up, and nothing is left out unsaid."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from cmarkgfm import markdown_to_html_with_extensions

from koding_audit.io.text import MAX_ERRORS_SHOWN, escape
from koding_audit.model.account import Account
from koding_audit.model.report import Audit, Problem, Report
from koding_audit.report.formats import html
from koding_audit.report.summary import ACCOUNT_LINES, ACCOUNTS_IN_FULL, FEW_ACCOUNTS, FINDINGS_PER_ACCOUNT
from tests.report.formats.reports import ADVICE, HOSTILE, REPORTS, audit, hostile, policy_missing, rendered
from tests.report.formats.test_hostile import STRUCTURES

SUMMED = ("table", "markdown", "html")
MANY = REPORTS["organization"]


def accounts(number: int) -> Report:
    def of(each: int) -> Audit:
        return audit(account=Account(f"{each:012}", "aws"), findings=(policy_missing(f"a/P{each}"),))

    return Report(tuple(map(of, range(number))), advice=ADVICE)


@pytest.mark.parametrize("name", SUMMED)
def test_a_few_accounts_are_each_shown_in_full_and_one_more_makes_a_sum(name: str) -> None:
    few, many = (re.sub(r"\s+", " ", rendered(name, accounts(number))) for number in (FEW_ACCOUNTS, FEW_ACCOUNTS + 1))
    assert all(f"lacks P{each}," in few for each in range(FEW_ACCOUNTS))
    assert not all(f"lacks P{each}," in many for each in range(FEW_ACCOUNTS + 1))
    assert f"{FEW_ACCOUNTS + 1} with findings" in many
    assert "with findings" not in few


def test_the_table_counts_what_it_leaves_out_and_says_where_it_is() -> None:
    text = rendered("table", MANY, width=200)
    in_full = re.findall(r"^Account +(\d+)", text, re.MULTILINE)
    in_lines = re.findall(r"^  (\d{12})  (?:findings|incomplete|clean) ", text, re.MULTILINE)
    left = re.search(
        r"^And (\d+) more accounts: 4 clean, 6 with findings. `--output jsonl` has all", text, re.MULTILINE
    )
    assert left
    assert (len(in_full), len(in_lines), int(left[1])) == (
        ACCOUNTS_IN_FULL,
        ACCOUNT_LINES,
        len(MANY.audits) - ACCOUNTS_IN_FULL - ACCOUNT_LINES,
    )
    assert not {*in_full} & {*in_lines}
    assert text.count("lacks P") == FINDINGS_PER_ACCOUNT
    assert f"and {24 - FINDINGS_PER_ACCOUNT} more findings. `--output jsonl` has all of them." in text
    assert text.count("its role cannot be assumed") == MAX_ERRORS_SHOWN
    assert "and 3 more errors. `--output jsonl` has all of them." in text


def test_markdown_counts_what_it_leaves_out() -> None:
    text = rendered("markdown", MANY)
    assert text.count("\n### Account ") == ACCOUNTS_IN_FULL
    assert len(re.findall(r"^\| 1000000000\d\d ", text, re.MULTILINE)) == ACCOUNT_LINES
    assert "10 more accounts: 4 clean, 6 with findings. The JSON report has them all." in text
    left_out = 3 + 24 - FINDINGS_PER_ACCOUNT  # errors of the run, and findings of one account
    assert text.endswith(f"{left_out} rows did not fit here: the JSON report has everything.\n")


def test_a_page_lists_accounts_up_to_a_number_and_counts_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    row = re.compile(r'^<li class="(?:clean|findings|incomplete)">', re.MULTILINE)
    assert len(row.findall(rendered("html", MANY))) == len(MANY.audits)
    monkeypatch.setattr(html, "LISTED", 28)
    text = rendered("html", MANY)
    assert len(row.findall(text)) == 28
    assert "7 more: 4 clean, 3 with findings. The JSON report has them all." in text
    assert "3 errors more: the JSON report has them all." in text
    assert text.count("<article") == html.FULL
    assert [f'href="#account-{number}"' in text for number in (1, html.FULL, html.FULL + 1)] == [True, True, False]


def test_an_organization_that_is_clean_is_told_in_a_few_lines() -> None:
    report = Report(tuple(audit(account=Account(f"{each:012}", "aws")) for each in range(1200)))
    assert rendered("table", report) == (
        "All 1,200 accounts\nAccounts  1,200 clean\nSummary   no findings\n"
        "Result    clean: nothing at or above warning\n"
    )


def test_github_is_told_how_many_accounts_stand_how() -> None:
    assert "\nkoding-audit: 35 accounts: 4 clean, 29 with findings, 2 incomplete\n" in rendered("github", MANY)


@pytest.mark.parametrize("name", ["json", "jsonl", "csv", "sarif", "junit", "gitlab"])
def test_what_programs_read_has_every_finding_and_every_error(name: str) -> None:
    text = rendered(name, MANY)
    assert all(f"lacks P{each:02}," in text for each in range(24))
    assert all(f"account {200_000_000_000 + each}: " in text for each in range(23))


@pytest.mark.parametrize("name", [*SUMMED, "github"])
@pytest.mark.parametrize("text", [HOSTILE, "a|b `c` <b> @all #1 [x](y)", "</tbody></table><script>alert(1)</script>"])
def test_sums_are_inert_and_keep_their_structure_whatever_is_in_them(name: str, text: str) -> None:
    def of_many(said: str) -> str:
        (one,) = hostile(said).audits
        return rendered(name, replace(hostile(said), audits=(one,) * (FEW_ACCOUNTS + 10)))

    shown = of_many(text)
    assert all(escape(line) == line for line in shown.split("\n"))
    assert STRUCTURES[name](shown) == STRUCTURES[name](of_many("plain"))


def test_sums_in_markdown_are_no_markup_for_githubs_reader() -> None:
    (one,) = hostile().audits
    page = markdown_to_html_with_extensions(
        rendered("markdown", replace(hostile(), audits=(one,) * 40)), extensions=["table", "autolink"]
    )
    assert "<script" not in page
    assert "href" not in page


@pytest.mark.parametrize("text", ["|" * 5000, "`@a" * 2000])
def test_sums_fit_a_comment_whatever_is_in_them(text: str) -> None:
    (one,) = hostile(text).audits
    rules = (policy_missing(f"a/{each}", rule=f"{each}{text}", message=text) for each in range(200))
    report = Report((*(one,) * 40, audit(findings=tuple(rules))), errors=(Problem(text),) * 50)
    shown = rendered("markdown", report)
    assert len(shown) < 65_536
    assert "rules more: the JSON report has them all." in shown


def test_an_error_for_each_of_thousands_of_accounts_is_in_the_report_and_told_in_a_few_lines() -> None:
    errors = tuple(Problem(f"account {each:012}: denied") for each in range(3000))
    report = Report(accounts(FEW_ACCOUNTS + 1).audits, errors=errors)
    for name, most in (("table", 20_000), ("html", 250_000), ("markdown", 20_000), ("github", 20_000)):
        assert len(rendered(name, report)) < most
    assert len(json.loads(rendered("json", report))["errors"]) == len(errors)
    assert "incomplete: 3,000 errors (the first 20 are on stderr)" in rendered("github", report)
