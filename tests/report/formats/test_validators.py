"""Each format is what its readers take: held by the schema, or the library, that decides it outside of this project."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cmarkgfm
import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped

from koding_audit import plugins
from koding_audit.model.finding import Finding
from koding_audit.model.location import Location
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Problem, Report
from tests.report.formats.reports import ACCOUNT, ADVICE, HOSTILE, REPORTS, audit, hostile, policy_missing, rendered

SCHEMA = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
INCOMPLETE = ["empty", "gapped", "fixed", "hostile"]
EVERY = pytest.mark.parametrize("report", [pytest.param(each, id=name) for name, each in REPORTS.items()])


def many(number: int, **changes: Any) -> Report:
    """A report of so many findings, each of its own."""
    found = (policy_missing(f"arn:aws:iam::aws:policy/P{index:05}", **changes) for index in range(number))
    return Report((audit(findings=tuple(found)),), advice=ADVICE)


def test_the_new_formats_load_nothing_beyond_the_standard_library() -> None:
    formats = sorted({*plugins.plugin_names("report.formats")} - {"table"})
    script = (
        "import sys\n"
        "from koding_audit import plugins\n"
        f"for name in {formats!r}: plugins.load_plugin('report.formats', name)\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(tops - {*sys.stdlib_module_names, 'koding_audit', '__main__'}))\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- SARIF ----------------------------------------------------------------------------------------


def sarif(report: Report) -> Any:
    (run,) = json.loads(rendered("sarif", report))["runs"]
    return run


@EVERY
def test_sarif_is_valid_by_the_standards_own_schema(report: Report) -> None:
    validator = jsonschema.Draft4Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(json.loads(rendered("sarif", report)))] == []


def test_the_schema_would_refuse_what_is_wrong() -> None:
    value = json.loads(rendered("sarif", REPORTS["full"]))
    value["runs"][0]["results"][0]["level"] = "fatal"
    assert list(jsonschema.Draft4Validator(SCHEMA).iter_errors(value))


@pytest.mark.parametrize("name", INCOMPLETE)
def test_an_incomplete_run_is_never_a_clean_sarif(name: str) -> None:
    run = sarif(REPORTS[name])
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"]
    assert [each for each in run["results"] if each["level"] == "error"]


def test_a_sarif_of_a_complete_run_says_that_it_succeeded() -> None:
    for name in ("clean", "full", "several"):
        (invocation,) = sarif(REPORTS[name])["invocations"]
        assert invocation == {"executionSuccessful": True, "toolExecutionNotifications": []}


def test_a_sarif_result_points_to_its_rule_its_line_and_its_subject() -> None:
    run = sarif(REPORTS["full"])
    rules = run["tool"]["driver"]["rules"]
    for each in run["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
    (found,) = [each for each in run["results"] if each["ruleId"] == "optional-set-incomplete"]
    (location,) = found["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "policies/koding.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 14, "startColumn": 16},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == ACCOUNT.arn("group", "Developers")
    rule = rules[found["ruleIndex"]]
    assert rule["name"] == "OptionalSetIncomplete"
    assert rule["defaultConfiguration"] == {"level": "warning"}
    assert "decide which half is wanted: attach the rest" in rule["help"]["text"]
    assert "**By hand**: decide which half is wanted: attach the rest" in rule["help"]["markdown"]


def test_a_sarif_result_without_a_line_points_to_the_first_file() -> None:
    (found,) = [each for each in sarif(REPORTS["full"])["results"] if each["ruleId"] == "root-access-key"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "policies/koding.yaml"


def test_a_sarif_fingerprint_is_of_the_id_and_not_of_the_wording_or_line() -> None:
    one, other = policy_missing(), policy_missing(line=90, message="reworded")
    for finding in (one, other):
        (result,) = sarif(Report((audit(findings=(finding,)),)))["results"]
        expected = hashlib.sha256(finding.id.encode()).hexdigest()
        assert result["partialFingerprints"] == {"koding-audit/v1": expected}


def test_a_waived_finding_is_a_suppressed_result_and_the_others_say_that_they_are_not() -> None:
    found = {each["ruleId"]: each["suppressions"] for each in sarif(REPORTS["full"])["results"]}
    [suppression] = found["inline-unexpected"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert suppression["justification"] == "waived until 2027-01-31 by platform: it moves"
    assert suppression["location"]["physicalLocation"]["region"] == {"startLine": 30, "startColumn": 5}
    assert [rule for rule, each in found.items() if each] == ["inline-unexpected"]
    assert "suppressions" not in sarif(REPORTS["gapped"])["results"][0]


def test_what_was_fixed_is_no_sarif_result() -> None:
    results = sarif(REPORTS["fixed"])["results"]
    assert {each["properties"]["status"] for each in results} == {"failed", "pending"}


def test_brackets_and_braces_are_no_link_and_no_placeholder_in_a_sarif_message() -> None:
    finding = policy_missing(message="[x](javascript:1) {0} \\", fix=None)
    (result,) = sarif(Report((audit(findings=(finding,)),)))["results"]
    assert result["message"]["text"].startswith("\\[x\\](javascript:1) {{0}} \\\\; ")


@pytest.mark.parametrize(
    ("path", "artifact"),
    [
        ("./a b/k%.yaml", {"uri": "a%20b/k%25.yaml", "uriBaseId": "%SRCROOT%"}),
        ("/srv/k.yaml", {"uri": "file:///srv/k.yaml"}),
    ],
)
def test_a_path_is_a_uri_in_sarif(path: str, artifact: dict[str, str]) -> None:
    finding = policy_missing(location=Location(path, 6, 16))
    (result,) = sarif(Report((audit(findings=(finding,)),)))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == artifact


# --- JUnit ----------------------------------------------------------------------------------------


def cases(report: Report) -> dict[str, list[Any]]:
    """The outcomes of each test case, by its class and name."""
    suites = JUnitXml.fromstring(rendered("junit", report).encode())
    return {f"{case.classname} {case.name}": case.result for suite in suites for case in suite}


@EVERY
def test_junit_loads_and_its_totals_are_right(report: Report) -> None:
    suites = JUnitXml.fromstring(rendered("junit", report).encode())
    told = (suites.tests, suites.failures, suites.errors, suites.skipped)
    for suite in suites:
        said = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        assert said == (suite.tests, suite.failures, suite.errors, suite.skipped)
    suites.update_statistics()
    assert told == (suites.tests, suites.failures, suites.errors, suites.skipped)
    assert suites.tests > 0


@pytest.mark.parametrize("name", INCOMPLETE)
def test_an_incomplete_run_has_a_junit_error(name: str) -> None:
    assert [each for found in cases(REPORTS[name]).values() for each in found if isinstance(each, Error)]


def test_a_clean_junit_has_a_case_that_passed() -> None:
    assert cases(REPORTS["clean"]) == {"koding-audit the account was audited completely": []}


def test_junit_fails_what_counts_skips_what_is_waived_and_passes_the_rest() -> None:
    found = {case.partition(" ")[0]: result for case, result in cases(REPORTS["full"]).items()}
    kinds = {rule: [type(each) for each in result] for rule, result in found.items()}
    assert kinds["policy-missing"] == kinds["access-key-old"] == [Failure]
    assert kinds["inline-unexpected"] == [Skipped]
    assert found["inline-unexpected"][0].message.startswith("waived until 2027-01-31 by platform: it moves; group")
    assert kinds["membership-unexpected"] == kinds["koding-audit"] == []


# --- GitHub ---------------------------------------------------------------------------------------


def test_github_gets_ten_of_each_kind_the_worst_first_and_a_count_of_the_rest() -> None:
    notes = many(25, severity="note").audits[0].findings
    errors = many(12).audits[0].findings
    *commands, verdict, rest = rendered("github", Report((audit(findings=(*notes, *errors)),))).splitlines()
    assert [line.split(" ")[0] for line in commands] == ["::error"] * 10 + ["::notice"] * 10
    assert verdict.endswith("findings: 12 at or above warning")
    assert rest.endswith("as GitHub takes 10 of each kind from a step: 2 errors, 15 notices")


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


# --- GitLab ---------------------------------------------------------------------------------------


@EVERY
def test_gitlab_has_what_its_widget_needs_and_no_fingerprint_twice(report: Report) -> None:
    entries = json.loads(rendered("gitlab", report))
    for each in entries:
        assert set(each) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert each["description"]
        assert each["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert re.fullmatch(r"[0-9a-f]{64}", each["fingerprint"])
        assert each["location"]["path"]
        assert each["location"]["lines"]["begin"] >= 1
    fingerprints = [each["fingerprint"] for each in entries]
    assert len(set(fingerprints)) == len(fingerprints)


def test_gitlab_lists_what_stands_and_blocks_what_was_not_checked() -> None:
    assert rendered("gitlab", REPORTS["clean"]) == "[]\n"
    checks = [each["check_name"] for each in json.loads(rendered("gitlab", REPORTS["full"]))]
    assert "inline-unexpected" not in checks
    for name in INCOMPLETE:
        assert "blocker" in [each["severity"] for each in json.loads(rendered("gitlab", REPORTS[name]))]


# --- CSV and JSON lines ---------------------------------------------------------------------------


def rows(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(rendered("csv", report), newline=""), strict=True))


@EVERY
def test_csv_has_a_row_for_each_finding(report: Report) -> None:
    findings = [each for audit in report.audits for each in audit.findings]
    told = [row for row in rows(report) if row["rule"] not in ("run-error", "not-written")]
    assert len([row for row in told if row["rule"] != "not-checked"]) == len(
        [each for each in findings if each.rule != "not-checked"]
    )
    for line in rendered("csv", report).split("\r\n")[:-1]:
        assert "\n" not in line


@pytest.mark.parametrize("name", INCOMPLETE)
def test_an_incomplete_run_has_rows_that_say_so(name: str) -> None:
    assert {row["rule"] for row in rows(REPORTS[name])} & {"run-error", "not-written", "not-checked"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", " ="])
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = rows(Report((audit(findings=(policy_missing(message=f"{start}1+1"),)),)))
    assert row["message"] == f"'{start.strip()}1+1"


def test_a_gap_that_no_finding_tells_is_told_all_the_same() -> None:
    report = Report((audit(gaps=(Gap(Fact.SUMMARY, "iam:GetAccountSummary", "AccessDenied", "", "iam:Get"),)),))
    (row,) = rows(report)
    assert (row["rule"], row["severity"], row["todo"]) == ("not-checked", "error", "grant the caller iam:Get")
    assert "iam:GetAccountSummary: AccessDenied" in row["message"]


def test_an_error_of_the_run_is_told_with_what_to_do() -> None:
    (row,) = rows(Report((), errors=(Problem("no credentials", "run aws sso login"),)))
    assert (row["rule"], row["message"], row["todo"]) == ("run-error", "no credentials", "run aws sso login")


@EVERY
def test_the_json_lines_hold_what_the_json_report_holds(report: Report) -> None:
    whole = json.loads(rendered("json", report))
    lines = [json.loads(line) for line in rendered("jsonl", report).splitlines()]
    of = {
        kind: [each for each in lines if each["type"] == kind] for kind in ("error", "audit", "finding", "gap", "write")
    }
    assert (lines[0]["type"], lines[0]["status"]) == ("report", whole["status"])
    assert len(lines) == 1 + sum(map(len, of.values()))
    assert [each["message"] for each in of["error"]] == [each["message"] for each in whole["errors"]]
    for kind, part in (("finding", "findings"), ("gap", "gaps")):
        expected = [
            {"type": kind, "account": each["account"]["id"], **one} for each in whole["audits"] for one in each[part]
        ]
        assert of[kind] == expected
    journals = [each["journal"] for each in whole["audits"] if each["journal"]]
    assert len(of["write"]) == sum(len(each["entries"]) for each in journals)


def test_the_order_of_equal_findings_is_that_of_their_ids() -> None:
    found = [row["id"] for row in rows(many(30))]
    assert found == sorted(found)


def test_a_finding_with_an_unknown_rule_has_its_own_words() -> None:
    lone = Finding(rule="new-rule", severity="warning", subject=ACCOUNT.root_arn, message="m")
    (rule,) = sarif(Report((audit(findings=(lone,)),)))["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "koding-audit's rule new-rule"


# --- Markdown -------------------------------------------------------------------------------------


def page(report: Report) -> str:
    """What GitHub's own reader of Markdown makes of it, with its tables and its automatic links."""
    return str(cmarkgfm.markdown_to_html_with_extensions(rendered("markdown", report), extensions=GFM))


GFM = ["table", "autolink", "strikethrough", "tasklist"]


def outline(html: str) -> list[str]:
    """Its tags but for code, in their order."""
    return [tag for tag in re.findall(r"<[^>]*>", html) if tag not in ("<code>", "</code>")]


@settings(max_examples=150)
@given(text=st.text(alphabet="\n\t|\\`*_~<>&@#[]()!:/.wh1-=+ ax", max_size=12).filter(str.strip))
@example(text=HOSTILE)
@example(text="@everyone #1 GH-12 www.example.com http://example.com a@example.com")
@example(text="a|b \\| `c` ``d` \\` <b> ![x](y) [x]: y")
@example(text="</details></code><script>alert(1)</script>")
def test_no_text_becomes_markup_a_link_or_a_mention_for_githubs_reader(text: str) -> None:
    html = page(hostile(text))
    assert outline(html) == outline(page(hostile("plain")))
    read = re.sub(r"<code>.*?</code>", "", html)
    assert not re.search(r"@|#|www\.|://|GH-\d", read)


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "organization"])
def test_markdown_has_a_row_for_everything_that_is_told(name: str) -> None:
    told = rendered("csv", REPORTS[name]).count("\r\n") - 1
    assert page(REPORTS[name]).count("<td>") == 5 * told


def test_markdown_fits_a_comment_and_counts_what_does_not() -> None:
    text = rendered("markdown", many(3000))
    assert len(text) < 65_536
    shown = len(re.findall(r"^\| error \|", text, re.MULTILINE))
    assert text.endswith(f"\n\n{3000 - shown:,} rows did not fit here: the JSON report has everything.\n")
    assert text.count("<details>") == text.count("</details>") == 1
    assert outline(page(many(3000))).count("<tr>") == shown + 1


def test_many_accounts_do_not_burst_a_comment() -> None:
    one = many(20).audits[0]
    report = Report(tuple(replace(one, account=replace(ACCOUNT, id=f"{index:012}")) for index in range(2000)))
    assert len(rendered("markdown", report)) < 65_536


def test_markdown_offers_the_command_that_fixes() -> None:
    assert "To fix: `koding-audit scan policies/koding.yaml --fix --create`\n" in rendered("markdown", REPORTS["full"])
