"""Slack's incoming webhooks, and what takes their format: text in which nothing is a mention, a link or markup."""

from __future__ import annotations

import re
from datetime import datetime

from koding_audit.io.json_text import write_json
from koding_audit.report.change_text import Message, changes_text
from koding_audit.report.changes import ReportChanges

# The three characters that Slack asks to be escaped: <!channel>, <@U024BE7LH> and <https://...> are made of them.
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_MENTION = re.compile(r"(?<![A-Za-z0-9])@")  # of an address, as ada@example.com, nothing is made
_AT = "\uff20"  # drawn as an @
_MOST = 8_000  # characters: Slack takes 40,000, and each may become five


def message(news: ReportChanges, now: datetime) -> Message:
    """Slack itself mentions nobody for a plain @channel; others that take its format do."""
    told = _MENTION.sub(_AT, changes_text(news, now, _MOST))
    for sign, escape in _ESCAPES:
        told = told.replace(sign, escape)
    plain = {"mrkdwn": False, "parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}
    return Message(write_json({"text": told, **plain}))
