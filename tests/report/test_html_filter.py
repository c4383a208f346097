"""The filters of the HTML report: their forms, and the data of the script."""

from __future__ import annotations

import json

from koding_audit.report.html_filter import FindingFilter, account_search_form, finding_category
from koding_audit.report.results import report_results
from tests.report.formats.reports import REPORTS


def test_the_form_has_the_categories_and_rules_of_the_findings() -> None:
    findings = REPORTS["full"].audits[0].findings
    text = " ".join(FindingFilter(findings).form_element().itertext())
    assert {each.rule for each in findings} <= set(text.split())
    assert {finding_category(each) for each in findings} <= set(text.split())


def test_the_data_has_each_shown_finding_in_its_order_and_cannot_end_its_element() -> None:
    results = [each for each in report_results(REPORTS["full"]) if each.finding]
    filter_ = FindingFilter(REPORTS["full"].audits[0].findings)
    for each in results:
        filter_.add_shown(each)
    text = filter_.data_element().text or ""
    assert [each["rule"] for each in json.loads(text)] == [each.rule for each in results]
    assert not set("<>&") & set(text)


def test_the_form_of_accounts_has_a_box_for_each_status_that_occurs() -> None:
    form = account_search_form({"clean": 3, "findings": 0, "incomplete": 1})
    assert [each.get("value") for each in form.iter("input") if each.get("type") == "checkbox"] == [
        "clean",
        "incomplete",
    ]
