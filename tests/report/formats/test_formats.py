"""Claims about every format on disk, each tried on every report."""

from __future__ import annotations

import json
import random
import re
import time
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from koding_audit import plugins
from koding_audit.model.finding import Finding, Severity
from koding_audit.model.report import Report
from koding_audit.report.status import count_findings, is_unresolved
from koding_audit.report.wording import rerun_command
from tests.report.formats.reports import ACCOUNT, GOLDEN, HOSTILE, REPORTS, audit, policy_missing, rendered

FORMATS = plugins.plugin_names("report.formats")
EVERY = [(name, report) for name in FORMATS for report in REPORTS]


@pytest.mark.parametrize(("name", "report"), EVERY)
def test_a_report_looks_as_its_golden_file_says(name: str, report: str) -> None:
    # Rewritten by `python -m tests.report.formats.reports`; read the difference before committing it.
    assert rendered(name, REPORTS[report]) == (GOLDEN / f"{report}.{name}").read_bytes().decode()


def test_there_is_no_golden_file_of_a_format_or_report_that_is_gone() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{report}.{name}" for name, report in EVERY}


@pytest.mark.parametrize(("name", "report"), EVERY)
def test_no_format_lets_a_control_character_through(name: str, report: str) -> None:
    text = rendered(name, REPORTS[report])
    if name == "csv":
        text = text.replace("\r\n", "\n")  # RFC 4180 ends a line so
    assert text.isascii()
    assert all(line.isprintable() or not line for line in text.split("\n"))
    assert text.endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_findings_in_another_order_give_the_same_bytes(name: str) -> None:
    report = REPORTS["full"]
    found = list(report.audits[0].findings)
    random.Random(7).shuffle(found)
    shuffled = replace(report, audits=(replace(report.audits[0], findings=tuple(found)),))
    assert rendered(name, shuffled) == rendered(name, report)


@pytest.mark.parametrize("name", FORMATS)
def test_rendering_leaves_no_finding_out(name: str) -> None:
    text = re.sub(r"\s+", " ", rendered(name, REPORTS["full"]))
    text = text.replace("`", "") if name == "markdown" else text
    for finding in REPORTS["full"].audits[0].findings:
        # What is waived is nothing to put beside a line.
        assert finding.message in text or (finding.status == "waived" and name in ("github", "gitlab"))


# --- the table ------------------------------------------------------------------------------------


def row(text: str, label: str) -> str:
    """What stands beside a label, without its line breaks."""
    found = re.search(rf"^{label} +(.*(?:\n +.*)*)", text, re.MULTILINE)
    assert found, f"no {label} in:\n{text}"
    return re.sub(r"\s+", " ", found[1])


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
        (9, "sign in as root, open Security credentials, delete its access keys"),
    ],
)
def test_each_finding_says_how_to_fix_it(finding: int, fix: str) -> None:
    text = re.sub(r"\s+", " ", rendered("table", REPORTS["full"]))
    _, _, after = text.partition(REPORTS["full"].audits[0].findings[finding].message)
    assert after.split(" fix ")[1].startswith(f"{fix} ")


def test_a_finding_of_a_rule_that_says_nothing_is_left_to_the_person() -> None:
    text = rendered("table", Report((audit(findings=(policy_missing(fix=None),)),)))
    assert "fix    by hand: --fix leaves this to you" in text


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


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_five_thousand_findings_are_laid_out_in_a_moment(severity: Severity) -> None:
    def finding(number: int) -> Finding:
        arn = ACCOUNT.arn("group", f"G{number}")
        return policy_missing(subject=arn, severity=severity, message=f"group G{number} lacks {HOSTILE}")

    report = Report((audit(findings=tuple(map(finding, range(5000)))),))
    started = time.process_time()
    rendered("table", report)
    assert time.process_time() - started < 5  # takes about 0.5; a layout per subject took many times that


# --- what is known from a baseline ----------------------------------------------------------------


def test_sarif_says_of_every_result_whether_it_is_new_where_there_is_a_baseline_and_else_of_none() -> None:
    for name, report in REPORTS.items():
        (run,) = json.loads(rendered("sarif", report))["runs"]
        states = [each.get("baselineState") for each in run["results"]]
        if name in ("compared", "hostile"):
            known = sum(each.known for found in report.audits for each in found.findings)
            assert states.count("unchanged") == known > 0
            assert states.count("new") == len(states) - known > 0
        else:
            assert not any(states)


def test_what_is_known_fails_no_test_case_unless_its_fix_failed() -> None:
    cases = list(ET.fromstring(rendered("junit", REPORTS["compared"])).iter("testcase"))
    skipped = [found.get("message") or "" for each in cases for found in each.iter("skipped")]
    assert sum(each.startswith("known from the baseline, ") for each in skipped) == 4
    failed = [found.get("message") or "" for each in cases for found in each.iter("failure")]
    assert len([each for each in failed if "AmazonVPCReadOnlyAccess" in each]) == 1


def test_what_is_known_is_a_notice_after_all_that_is_new() -> None:
    lines = rendered("github", REPORTS["compared"]).splitlines()
    known = [index for index, line in enumerate(lines) if "(known)" in line and "VPC" not in line]
    assert len(known) == 4
    assert all(lines[index].startswith("::notice ") for index in known)
    assert all(line.startswith("::notice") for line in lines[min(known) : max(known) + 1])


def test_the_table_shows_what_is_new_of_a_subject_before_what_is_known() -> None:
    text = rendered("table", Report((audit(findings=(policy_missing("a/A", known=True), policy_missing("b/B"))),)))
    assert text.index("lacks B") < text.index("lacks A") < text.index("it is in the baseline")


def test_the_same_audit_once_more_has_the_same_baseline() -> None:
    assert "--baseline iam/known.json" in rerun_command(REPORTS["compared"].audits[0], "warning")
    assert "--baseline" not in rerun_command(REPORTS["full"].audits[0], "warning")


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif"])
def test_what_is_told_without_its_account_names_it_where_there_are_several(name: str) -> None:
    several = rendered(name, REPORTS["several"])
    told = {each.account.id for each in REPORTS["several"].audits if any(map(is_unresolved, each.findings))}
    assert told
    assert set(re.findall("account ([0-9]{12}): ", several)) == told
    assert "account 123456789012: " not in rendered(name, REPORTS["full"])
