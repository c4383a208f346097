"""The fast reader of a saved report's findings gives what the reader of each field gives, or leaves them to it."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit.model.errors import InputError
from koding_audit.report import codec
from koding_audit.report.saved_findings import MAX_EVIDENCE_DEPTH, read_saved_finding
from tests.report.formats.reports import REPORTS
from tests.report.test_codec import audits, json_values, places

VALUES: list[Any] = [json.loads(codec.encode_report(report)) for report in REPORTS.values()]
FILLED = [value for value in VALUES if any(audit["findings"] for audit in value["audits"][:5])]
FULL = next(value for value in FILLED if len(value["audits"][0]["findings"]) > 1)
FINDINGS = [finding for value in VALUES for audit in value["audits"] for finding in audit["findings"]]
ODD = st.sampled_from([None, True, 0, 1.5, "", "open", "x/y", [], {}, {"path": "p", "line": True, "column": 1}])


def outcome(value: object, *, fast: bool) -> object:
    """The report, or what the error says."""
    read = read_saved_finding if fast else lambda _: None
    with mock.patch.object(codec, "read_saved_finding", read):
        try:
            report = codec.decode_report(value, "x.json")
            return replace(report, audits=tuple(report.audits))
        except InputError as error:
            return error.message, error.hint


@given(st.builds(lambda audit: codec.report_value(codec.Report((audit,))), audits))
@settings(max_examples=25)
def test_any_report_is_read_alike_by_both(value: Any) -> None:
    value = {**value, "audits": list(value["audits"])}
    assert outcome(value, fast=True) == outcome(value, fast=False)


@given(
    st.integers(0, len(FILLED) - 1), st.integers(0, 999), st.sampled_from(["set", "remove", "add"]), ODD | json_values
)
@settings(max_examples=100)
def test_a_report_that_was_changed_is_read_alike_or_refused_in_the_same_words(
    number: int, at: int, change: str, odd: Any
) -> None:
    value = copy.deepcopy(FILLED[number])
    found = [place for audit in value["audits"] for finding in audit["findings"] for place in places(finding)]
    container, key = found[at % len(found)]
    if change == "remove":
        del container[key]
    else:
        container["Tags" if change == "add" and isinstance(container, dict) else key] = odd
    assert outcome(value, fast=True) == outcome(value, fast=False)


@pytest.mark.parametrize("levels", [1, MAX_EVIDENCE_DEPTH - 1, MAX_EVIDENCE_DEPTH, MAX_EVIDENCE_DEPTH + 1])
@pytest.mark.parametrize("inner", [1, {}, []], ids=str)
def test_evidence_may_be_as_deep_for_both(levels: int, inner: object) -> None:
    value: Any = inner
    for _ in range(levels - 1):
        value = [value]
    report = copy.deepcopy(FULL)
    report["audits"][0]["findings"][0]["evidence"] = {"deep": value}
    assert outcome(report, fast=True) == outcome(report, fast=False)
    assert isinstance(outcome(report, fast=True), tuple) is (levels > MAX_EVIDENCE_DEPTH)


def test_the_findings_that_this_version_writes_are_read_by_the_fast_reader() -> None:
    usual = [
        each
        for each in FINDINGS
        if each["waiver"] is None and "Tags" not in ((each["fix"] or {}).get("parameters") or {})
    ]
    assert len(usual) > len(FINDINGS) * 2 // 3
    assert None not in map(read_saved_finding, usual)


def test_an_error_names_the_place_of_the_finding() -> None:
    value = copy.deepcopy(FULL)
    value["audits"][0]["findings"][1]["severity"] = "bad"
    with pytest.raises(InputError, match=r"^x\.json: audits\[0\]\.findings\[1\]\.severity: must be one of error"):
        codec.decode_report(value, "x.json")
