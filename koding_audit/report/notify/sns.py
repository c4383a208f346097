"""An Amazon SNS topic: plain text, and a subject of at most 100 ASCII characters, as e-mail needs."""

from __future__ import annotations

from datetime import datetime

from koding_audit.report.change_text import Message, changes_headline, changes_text
from koding_audit.report.changes import ReportChanges

_SUBJECT = 100  # characters, of printable ASCII (aws: API_Publish)
_MOST = 60_000  # characters; SNS accepts 262,144 bytes, and a character can take four


def message(changes: ReportChanges, now: datetime) -> Message:
    """Returns the message for a topic. now: the time of sending."""
    subject = changes_headline(changes).encode("ascii", "replace").decode()[:_SUBJECT]
    return Message(changes_text(changes, now, _MOST), "text/plain", subject)
