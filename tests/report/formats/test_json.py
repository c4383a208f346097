"""The JSON report as a format: the codec's own text, in parts."""

from __future__ import annotations

import json

import pytest

from koding_audit.report.codec import encode_report
from koding_audit.report.formats.json import render
from tests.report.formats.reports import REPORTS


@pytest.mark.parametrize("name", REPORTS)
def test_the_parts_together_are_the_report_that_is_read_back(name: str) -> None:
    parts = [*render(REPORTS[name])]
    assert "".join(parts) == encode_report(REPORTS[name])
    assert json.loads("".join(parts))["version"] == 1
