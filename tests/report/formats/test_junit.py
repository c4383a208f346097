"""JUnit's XML as the library that reads it takes it."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from koding_audit.model.report import Report
from tests.report.formats.many import EVERY, INCOMPLETE
from tests.report.formats.reports import REPORTS, rendered


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


def test_what_is_known_fails_no_test_case_unless_its_fix_failed() -> None:
    cases = list(ET.fromstring(rendered("junit", REPORTS["compared"])).iter("testcase"))
    skipped = [found.get("message") or "" for each in cases for found in each.iter("skipped")]
    assert sum(each.startswith("known from the baseline, ") for each in skipped) == 4
    failed = [found.get("message") or "" for each in cases for found in each.iter("failure")]
    assert len([each for each in failed if "AmazonVPCReadOnlyAccess" in each]) == 1
