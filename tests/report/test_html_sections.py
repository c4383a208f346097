"""Sections of the HTML report beside the findings: what each shows, and when it is left out."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.model.report import RootState
from koding_audit.report import html_sections as sections
from tests.report.formats.reports import REPORTS

AUDIT = REPORTS["full"].audits[0]


def test_a_section_without_content_is_left_out() -> None:
    audit = replace(AUDIT, gaps=(), not_seen=frozenset(), journal=None, baseline=None, trend=None)
    assert sections.gap_section(audit, "a") is None
    assert sections.write_section(audit, "a", 10) is None
    assert sections.gone_section(audit, "a", 10) is None
    assert sections.trend_section(audit, "a") is None
    assert sections.error_section(replace(REPORTS["full"], errors=())) is None


def test_layers_that_were_not_evaluated_are_named_without_a_gap() -> None:
    section = sections.gap_section(replace(AUDIT, gaps=(), not_seen=frozenset({"scp", "rcp"})), "a")
    assert section is not None
    assert "rcp, scp" in " ".join(section.itertext())


def test_what_was_not_read_of_root_says_so() -> None:
    section = sections.root_section(replace(AUDIT, root=RootState(None, None, None)), "a")
    assert [each.text for each in section.iter("span")] == ["not read"] * 4


def test_the_command_that_repeats_an_audit_names_its_account() -> None:
    text = " ".join(sections.rerun_section(AUDIT, REPORTS["full"], "a").itertext())
    assert f"--account {AUDIT.account.id}" in text
