"""Code quality as GitLab's widget takes it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from koding_audit.model.report import Report, SkippedAccount
from tests.report.formats.many import EVERY, INCOMPLETE
from tests.report.formats.reports import REPORTS, rendered


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


def test_gitlab_has_the_skipped_accounts_for_information() -> None:
    report = replace(REPORTS["clean"], skipped=(SkippedAccount("222222222222", "SUSPENDED"),))
    (entry,) = json.loads(rendered("gitlab", report))
    assert (entry["check_name"], entry["severity"]) == ("account-skipped", "info")
    assert entry["description"] == "account 222222222222 is SUSPENDED, and was not audited"
