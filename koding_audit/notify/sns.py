"""A topic of Amazon SNS: a subject in ASCII of at most 100 characters, and plain text, as e-mail wants them."""

from __future__ import annotations

from datetime import datetime

from koding_audit.news import News
from koding_audit.telling import Message, headline, text

_SUBJECT = 100  # characters, of printable ASCII (aws: API_Publish)
_MOST = 60_000  # characters; SNS takes 262,144 bytes, of which a character may need four


def message(news: News, now: datetime) -> Message:
    subject = headline(news).encode("ascii", "replace").decode()[:_SUBJECT]
    return Message(text(news, now, _MOST), "text/plain", subject)
