"""What changed, in words: bounded, and inert whatever is in it."""

from __future__ import annotations

from datetime import timedelta

from koding_audit.report.change_text import MOST, changes_lines, changes_text
from koding_audit.report.changes import compare_reports
from tests.report.changed import ONE, TWO, report
from tests.report.formats.reports import NOW, policy_missing


def test_the_text_says_what_when_and_how_many_are_left_out() -> None:
    many = [policy_missing(f"arn:aws:iam::aws:policy/P{number:02}") for number in range(MOST + 3)]
    told = "\n".join(changes_lines(compare_reports(report(*many, hours=1), report(ONE)), NOW + timedelta(hours=4)))
    assert told.startswith("koding-audit: account 123456789012: 18 new, 1 gone; findings\n\n")
    audited = "audited 3 hours ago, at 2026-11-23T21:00:00Z: findings, 18 open findings\n"
    assert f"Account 123456789012 (koding-prod), {audited}" in told
    assert "New (18):\n- error: policy-missing: group Developers lacks P00, which set stack-build requires\n" in told
    assert "\n... and 3 more\nGone (1):\n" in told


def test_what_a_receiver_would_not_take_is_cut_and_said_to_be() -> None:
    told = changes_text(compare_reports(report(ONE, TWO), None), NOW, 120)
    assert len(told) == 120
    assert told.endswith("\n... truncated: see the report for the rest")
