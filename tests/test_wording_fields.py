"""Which values may change with the wording, and which are read back or matched by scripts and may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koding_audit.model.plan import ALREADY_DONE
from koding_audit.model.query import Fact
from tests.report.formats.reports import GOLDEN
from tools.revisions.structure import WORDING

# Fields of the JSON report whose texts are for people. All others are the same from version to version.
REPORT_WORDING = {"message", "hint", "why", "detail", "reason"}


def texts(value: object, name: str = "") -> set[str]:
    """The names of the fields that hold a text with a space in it."""
    if isinstance(value, dict):
        return set().union(*(texts(each, key) for key, each in value.items()))
    if isinstance(value, list):
        return set().union(*(texts(each, name) for each in value))
    return {name} if isinstance(value, str) and " " in value else set()


# In the hostile report every text comes from outside.
SAVED = [path for path in sorted(GOLDEN.glob("*.json")) if path.stem != "hostile"]


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_a_sentence_of_the_json_report_is_in_a_field_of_wording(path: Path) -> None:
    assert texts(json.loads(path.read_text(encoding="utf-8"))) <= REPORT_WORDING


def test_the_comparison_of_revisions_leaves_out_no_more_of_a_report_than_that() -> None:
    report = {"version", "status", "rule", "severity", "subject", "key", "id", "layer", "fact", "evidence", "state"}
    assert set(WORDING) >= REPORT_WORDING
    assert not set(WORDING) & report


def test_what_a_journal_records_of_a_write_that_was_not_needed_is_read_back_and_stays() -> None:
    assert ALREADY_DONE == ("already there", "already gone")


def test_the_names_of_facts_stay() -> None:
    assert {each.value for each in Fact} == {
        *("access-keys", "account-summary", "all-groups", "all-roles", "all-users", "attached-policies", "caller"),
        *(
            "console-password",
            "credential-report",
            "group",
            "groups-of-user",
            "inline-document",
            "inline-policies",
            "inline-size",
        ),
        *("members-of-group", "mfa-devices", "optional-set-documents", "organization", "password-last-used", "policy"),
        *("policy-document", "policy-names", "policy-versions", "role", "service-credentials", "user"),
        "signing-certificates",
    }
