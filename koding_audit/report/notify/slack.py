"""Slack's incoming webhooks, and services with the same format: text without mentions, links or markup."""

from __future__ import annotations

import re
from datetime import datetime

from koding_audit.io.json_text import write_json
from koding_audit.report.change_text import Message, changes_text
from koding_audit.report.changes import ReportChanges

# The three characters that Slack requires to be escaped; <!channel>, <@U024BE7LH> and <https://...> consist of them.
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_MENTION = re.compile(r"(?<![A-Za-z0-9])@")  # not the @ in an address such as ada@example.com
_AT = "\uff20"  # looks like an @
_MOST = 8_000  # characters; Slack accepts 40,000, and escaping can make five of one


def message(changes: ReportChanges, now: datetime) -> Message:
    """Returns the message for Slack. now: the time of sending.

    It replaces the @ of mentions: Slack itself ignores a plain @channel, but other services do not.
    """
    text = _MENTION.sub(_AT, changes_text(changes, now, _MOST))
    for sign, escape in _ESCAPES:
        text = text.replace(sign, escape)
    plain = {"mrkdwn": False, "parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}
    return Message(write_json({"text": text, **plain}))
