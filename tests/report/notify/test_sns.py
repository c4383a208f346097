"""What a topic of SNS is sent: a subject that it takes."""

from __future__ import annotations

from koding_audit import plugins
from koding_audit.io.text import escape
from koding_audit.report.changes import compare_reports
from tests.report.formats.reports import HOSTILE, NOW, hostile


def test_the_subject_for_sns_is_short_and_plain() -> None:
    message = plugins.load_plugin("report.notify", "sns").message(
        compare_reports(hostile("\u00e4" + HOSTILE), None), NOW
    )
    assert len(message.subject) <= 100
    assert message.subject.isascii()
    assert message.subject.isprintable()
    assert all(escape(line) == line for line in message.body.split("\n"))
