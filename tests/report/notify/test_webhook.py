"""What a webhook is sent: ids and exact texts."""

from __future__ import annotations

import json

from koding_audit.report.changes import compare_reports
from tests.report.changed import ONE, TWO, body, report
from tests.report.formats.reports import hostile


def test_the_webhook_is_told_by_ids_and_exact_texts() -> None:
    value = json.loads(body("webhook", compare_reports(report(TWO, hours=1), report(ONE))))
    assert (value["kind"], value["version"], value["told_at"]) == ("koding-audit-news", 1, "2026-11-23T20:00:00Z")
    (account,) = value["accounts"]
    assert (account["new"]["count"], account["new"]["findings"][0]["id"]) == (1, TWO.id)
    assert account["gone"]["findings"][0]["message"] == ONE.message
    assert body("webhook", compare_reports(hostile(), None)).isascii()
