"""A topic of Amazon SNS: a subject in ASCII of at most 100 characters, and plain text, as e-mail wants them."""

from __future__ import annotations

from datetime import datetime

from koding_audit.report.change_text import Message, changes_headline, changes_text
from koding_audit.report.changes import ReportChanges

_SUBJECT = 100  # characters, of printable ASCII (aws: API_Publish)
_MOST = 60_000  # characters; SNS takes 262,144 bytes, of which a character may need four


def message(news: ReportChanges, now: datetime) -> Message:
    subject = changes_headline(news).encode("ascii", "replace").decode()[:_SUBJECT]
    return Message(changes_text(news, now, _MOST), "text/plain", subject)
