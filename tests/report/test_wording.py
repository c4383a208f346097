"""Commands and sentences that several formats say: how to run it again, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit import plugins
from koding_audit.report.wording import EXPORT_FORMATS, remedy_text, rerun_command
from tests.report.formats.reports import REPORTS


def test_the_same_audit_once_more_has_the_same_baseline() -> None:
    assert "--baseline iam/known.json" in rerun_command(REPORTS["compared"].audits[0], "warning")
    assert "--baseline" not in rerun_command(REPORTS["full"].audits[0], "warning")


@pytest.mark.parametrize(
    ("tool", "change", "words"),
    [
        ("terraform", "add", "`koding-audit plan FILE --as terraform`"),
        ("CloudFormation", "create", "`koding-audit plan FILE --create --as cloudformation`"),
        ("Pulumi", "replace", "`koding-audit plan FILE --replace --as aws-cli`"),
    ],
)
def test_what_another_tool_manages_is_shown_in_the_form_that_it_takes(tool: str, change: Any, words: str) -> None:
    said = remedy_text(change, "", "live", tool)
    assert said == f"{tool} manages it, so --fix does not change it: run {words} to print the change"
    assert remedy_text(None, "by hand", "live", tool) == "by hand"
    assert [*EXPORT_FORMATS] == plugins.plugin_names("remediation.export")
