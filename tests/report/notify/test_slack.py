"""What Slack is sent: no text of an account mentions anybody or links anywhere."""

from __future__ import annotations

import json
import re

from koding_audit.io.text import escape
from koding_audit.report.changes import compare_reports
from tests.report.changed import body
from tests.report.formats.reports import HOSTILE, hostile

MENTIONS = "<!channel> <@U024BE7LH> <https://evil.example|here> @channel @here ada@example.com &lt;!here&gt; *x* _@all_"


def test_in_slack_a_hostile_text_mentions_nobody_and_links_nowhere() -> None:
    value = json.loads(body("slack", compare_reports(hostile(f"{HOSTILE} {MENTIONS}"), None)))
    told = value["text"]
    assert not set("<>") & set(told)
    assert set(re.findall(r"&(\w*;?)", told)) == {"amp;", "lt;", "gt;"}
    assert set(re.findall(r"(\S?)@", told)) == {"a"}
    assert "ada@example.com" in told
    assert all(escape(line) == line for line in told.split("\n"))
    assert "\n::set-output" not in told
    assert (value["mrkdwn"], value["parse"], value["link_names"]) == (False, "none", False)
