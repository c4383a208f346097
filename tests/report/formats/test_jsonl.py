"""Lines of JSON that hold what the JSON report holds."""

from __future__ import annotations

import json

from koding_audit.model.report import Report
from tests.report.formats.many import EVERY
from tests.report.formats.reports import rendered


@EVERY
def test_the_json_lines_hold_what_the_json_report_holds(report: Report) -> None:
    whole = json.loads(rendered("json", report))
    lines = [json.loads(line) for line in rendered("jsonl", report).splitlines()]
    of = {
        kind: [each for each in lines if each["type"] == kind]
        for kind in ("error", "skipped", "audit", "finding", "gap", "write")
    }
    assert (lines[0]["type"], lines[0]["status"]) == ("report", whole["status"])
    assert len(lines) == 1 + sum(map(len, of.values()))
    assert [each["message"] for each in of["error"]] == [each["message"] for each in whole["errors"]]
    assert [{**each, "type": "skipped"} for each in whole["skipped"]] == of["skipped"]
    for kind, part in (("finding", "findings"), ("gap", "gaps")):
        expected = [
            {"type": kind, "account": each["account"]["id"], **one} for each in whole["audits"] for one in each[part]
        ]
        assert of[kind] == expected
    journals = [each["journal"] for each in whole["audits"] if each["journal"]]
    assert len(of["write"]) == sum(len(each["entries"]) for each in journals)
