"""SARIF as its standard's own schema and GitHub take it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from koding_audit.model.location import Location
from koding_audit.model.report import Report
from tests.report.formats.many import EVERY, INCOMPLETE, sarif
from tests.report.formats.reports import ACCOUNT, REPORTS, audit, policy_missing, rendered

SCHEMA = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


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
    assert "decide whether the set is needed: attach the rest" in rule["help"]["text"]
    assert "**By hand**: decide whether the set is needed: attach the rest" in rule["help"]["markdown"]


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
