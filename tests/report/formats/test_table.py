"""The table for people: its width, colours, groups, last lines, and what it offers to run."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import replace

import pytest
from tabulate import tabulate

from koding_audit.io.text import escape
from koding_audit.model.finding import Finding, Severity
from koding_audit.model.report import Report
from koding_audit.report.formats.table import _TableReport
from koding_audit.report.status import count_findings
from tests.report.formats.many import row
from tests.report.formats.reports import ACCOUNT, HOSTILE, REPORTS, audit, policy_missing, rendered


@pytest.mark.parametrize("report", [name for name in REPORTS if name != "hostile"])
@pytest.mark.parametrize("width", [60, 80, 132, 200])
def test_text_keeps_to_the_width(report: str, width: int) -> None:
    for line in rendered("table", REPORTS[report], width=width).splitlines():
        if len(line) > width:  # only what would be useless if it were cut: an ARN, a path, a command
            assert line.startswith(("Journal /", "To fix   ")) or " " not in line.strip(), line


def test_a_wide_terminal_is_used() -> None:
    narrow, wide = (rendered("table", REPORTS["full"], width=width) for width in (80, 160))
    assert max(map(len, wide.splitlines())) > 100
    assert len(wide.splitlines()) < len(narrow.splitlines())


@pytest.mark.parametrize("width", [-1, 0, 1, 10])
def test_a_width_of_nothing_still_shows_everything(width: int) -> None:
    narrow, usual = (rendered("table", REPORTS["full"], width=each) for each in (width, 80))
    assert sorted(re.findall(r"[^\s()]+", narrow)) == sorted(re.findall(r"[^\s()]+", usual))


def test_colour_is_only_paint() -> None:
    painted = rendered("table", REPORTS["full"], color=True)
    assert "\x1b[31merror\x1b[0m" in painted
    assert "\x1b[33mwarning\x1b[0m" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == rendered("table", REPORTS["full"])
    assert "\x1b[32mfixed\x1b[0m" in rendered("table", REPORTS["fixed"], color=True)


def test_findings_are_grouped_by_subject_each_named_once() -> None:
    text = rendered("table", REPORTS["full"])
    for finding in REPORTS["full"].audits[0].findings:
        assert text.count(f"({finding.subject})") == 1


def test_a_name_that_is_longer_than_the_line_stays_whole() -> None:
    name = "x" * 300
    found = audit(findings=(policy_missing(message=f"group {name} lacks it", subject=ACCOUNT.arn("group", name)),))
    text = rendered("table", Report((found,)))
    assert f"group {name}\n  arn:aws:iam::123456789012:group/{name}\n" in text
    assert max(map(len, text.splitlines())) < 400


@pytest.mark.parametrize(
    ("finding", "fix"),
    [
        (0, "scan again with --fix"),
        (3, "scan again with --fix --replace"),
        (5, "scan again with --fix --create"),
        (6, "scan again with --fix --create"),
        (9, "sign in as root, open Security credentials, delete the access keys"),
    ],
)
def test_each_finding_says_how_to_fix_it(finding: int, fix: str) -> None:
    text = re.sub(r"\s+", " ", rendered("table", REPORTS["full"]))
    _, _, after = text.partition(REPORTS["full"].audits[0].findings[finding].message)
    assert after.split(" fix ")[1].startswith(f"{fix} ")


def test_a_finding_of_a_rule_that_says_nothing_is_left_to_the_person() -> None:
    text = rendered("table", Report((audit(findings=(policy_missing(fix=None),)),)))
    assert "fix    fix it by hand: --fix does not change it" in text


def test_a_saved_account_cannot_be_fixed_in_its_file() -> None:
    text = rendered("table", Report((audit(findings=(policy_missing(),), source="snapshot"),)))
    assert "fix    scan the live account with --fix" in text


def test_the_demo_stays_in_the_demo() -> None:
    text = rendered("table", Report((audit(findings=(policy_missing(),), source="demo"),)))
    assert "To fix   koding-audit scan policies/koding.yaml --source demo --fix\n" in text


def test_nothing_is_taken_away_by_the_command_that_is_offered() -> None:
    assert row(rendered("table", REPORTS["full"]), "To fix") == "koding-audit scan policies/koding.yaml --fix --create"


def test_a_file_name_with_a_space_is_quoted_in_the_command() -> None:
    spaced = replace(audit(findings=(policy_missing(),)).desired[0], path="my file.yaml")
    text = rendered("table", Report((audit(findings=(policy_missing(),), desired=(spaced,)),)))
    assert "koding-audit scan 'my file.yaml' --fix" in text


@pytest.mark.parametrize(
    ("report", "said", "result"),
    [
        (
            "full",
            "6 errors, 2 warnings, 1 note, 1 waived; 2 can be fixed with --fix, 2 more with --create,"
            " 1 more with --replace",
            "findings: 8 at or above warning",
        ),
        ("clean", "no findings", "clean: nothing at or above warning"),
        ("gapped", "1 error, 14 not checked; 1 can be fixed with --fix", "incomplete: 14 facts could not be read"),
        (
            "fixed",
            "2 errors, 1 fixed; 1 can be fixed with --fix",
            "incomplete: 2 writes failed or could not be verified",
        ),
    ],
)
def test_the_last_lines_count_and_judge(report: str, said: str, result: str) -> None:
    text = rendered("table", REPORTS[report])
    assert row(text, "Summary").removesuffix(f" Result {result}") == said
    assert row(text, "Result") == result


@pytest.mark.parametrize("report", [name for name in REPORTS if name != "organization"])
def test_the_numbers_of_the_summary_are_the_sum_of_what_is_shown(report: str) -> None:
    shown = rendered("table", REPORTS[report])
    for severity in ("error", "warning", "note", "waived", "fixed"):
        counted = sum(count_findings(each.findings)[severity] for each in REPORTS[report].audits)
        assert len(re.findall(rf"^  {severity} +what ", shown, re.MULTILINE)) == counted


def test_what_was_not_read_is_told_once_with_what_to_grant() -> None:
    text = rendered("table", REPORTS["gapped"])
    assert text.count("iam:GetAccountSummary") == 1
    assert "user/builder-19 and 2 more" in text
    assert row(text, " +grant").startswith("iam:ListAccessKeys")


def test_a_not_checked_finding_without_its_gap_is_shown_like_any_other() -> None:
    lone = policy_missing(rule="not-checked", message="the weather could not be read", evidence={"fact": ["odd"]})
    text = rendered("table", Report((audit(findings=(lone,)),)))
    assert "the weather could not be read" in text
    assert "incomplete: not everything was checked" in text


def test_a_report_without_audits_says_so() -> None:
    text = rendered("table", REPORTS["empty"])
    assert text.startswith("No audit was possible.\n")
    assert "Summary" not in text


def test_several_accounts_have_a_verdict_each_and_one_of_all() -> None:
    text = rendered("table", REPORTS["several"])
    assert re.findall(r"^Result +(\w+)", text, re.MULTILINE) == ["findings", "clean", "findings"]
    assert "All 2 accounts\n" in text


@pytest.mark.parametrize("blank", ["", " ", " \u3000\xa0", "\n"])
def test_an_empty_name_does_not_shift_the_rows(blank: str) -> None:
    text = rendered("table", Report((audit(findings=(policy_missing(message=blank),)),)))
    assert re.search(r"error  what   (-|\\x0a)\n +why    policy-missing\n +where  policies/koding.yaml:6:16\n", text)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_the_columns_are_those_of_another_program_for_tables(columns: int) -> None:
    labels = ("", "a", "error", "policy-missing")
    last = ("-", "one word", "x" * 50, HOSTILE.strip())
    rows = [(*each, text) for each in itertools.product(labels, repeat=columns - 1) for text in last]
    laid = _TableReport(1000, color=False, report=REPORTS["full"]).lay_out([[row] for row in rows], "")
    cells = [[*labels, escape(text)] for *labels, text in rows]
    expected = tabulate(cells, tablefmt="plain", disable_numparse=True).split("\n")
    assert laid == [[line] for line in expected]


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_five_thousand_findings_are_laid_out_in_a_moment(severity: Severity) -> None:
    def finding(number: int) -> Finding:
        arn = ACCOUNT.arn("group", f"G{number}")
        return policy_missing(subject=arn, severity=severity, message=f"group G{number} lacks {HOSTILE}")

    report = Report((audit(findings=tuple(map(finding, range(5000)))),))
    started = time.process_time()
    rendered("table", report)
    assert time.process_time() - started < 5  # takes about 0.5; a layout per subject took many times that


def test_the_table_shows_what_is_new_of_a_subject_before_what_is_known() -> None:
    text = rendered("table", Report((audit(findings=(policy_missing("a/A", known=True), policy_missing("b/B"))),)))
    assert text.index("lacks B") < text.index("lacks A") < text.index("it is in the baseline")
