"""Claims about the plot of a trend: where each audit is drawn, what is not drawn, and the same in numbers."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element

from koding_audit.model.report import TrendPoint
from koding_audit.report.svg_trend import describe_trend, draw_trend, omitted_audits_note, trend_table
from tests.report.formats.reports import trend

TREND = trend((4, 0, 12), (4, 1, 12), None, (2, 1, 0), (3, 0, 0))


def band(found: tuple[TrendPoint, ...], severity: str) -> Element:
    (each,) = (one for one in draw_trend(found, "x").iter("g") if one.get("class") == f"band {severity}")
    return each


def dots(found: tuple[TrendPoint, ...], severity: str) -> list[tuple[str | None, int]]:
    """Where each dot is: percent from the left, pixels above the base."""
    base = int(band(found, severity).findall("line")[0].get("y1") or "")
    return [(each.get("cx"), base - int(each.get("cy") or "")) for each in band(found, severity).iter("circle")]


def test_each_severity_has_its_own_band_and_scale() -> None:
    assert dots(TREND, "error") == [("0.00%", 44), ("25.00%", 44), ("75.00%", 22), ("100.00%", 33)]
    assert dots(TREND, "warning") == [("0.00%", 0), ("25.00%", 44), ("75.00%", 44), ("100.00%", 0)]
    assert dots(TREND, "note") == [("0.00%", 44), ("25.00%", 44), ("75.00%", 0), ("100.00%", 0)]


def test_each_dot_says_its_audit_and_its_number() -> None:
    said = [each.findtext("title") for each in band(TREND, "warning").iter("circle")]
    assert said[:2] == ["2026-11-19T20:00:00Z: 0 warnings", "2026-11-20T20:00:00Z: 1 warning"]


def test_a_number_holds_until_the_next_audit_that_saw_all() -> None:
    first, second = band(TREND, "error").iter("rect")
    assert (first.get("x"), first.get("width"), first.get("height")) == ("0.00%", "75.00%", "44")
    assert (second.get("x"), second.get("width"), second.get("height")) == ("75.00%", "25.00%", "22")
    edges = [each for each in band(TREND, "error").findall("line") if each.get("x1") == each.get("x2")]
    assert [each.get("x1") for each in edges] == ["75.00%", "100.00%"]


def test_what_could_not_see_all_has_a_sign_and_no_number() -> None:
    partial = (*TREND[:2], replace(TREND[2], status="clean", partial=True), *TREND[3:])
    for found in (TREND, partial):
        signs = [each for each in draw_trend(found, "x").findall("text") if each.text == "?"]
        assert [each.get("x") for each in signs] == ["50.00%"]
        assert omitted_audits_note(found).startswith("? 1 incomplete or partial audit is not shown")
    assert omitted_audits_note(TREND[:2]) == ""


def test_where_no_audit_saw_all_nothing_is_made_up() -> None:
    unseen = trend(None, None)
    assert dots(unseen, "error") == []
    assert "Errors: unknown. Warnings: unknown. Notes: unknown." in describe_trend(unseen)


def test_audits_of_one_moment_stand_beside_each_other() -> None:
    same = tuple(replace(each, taken_at=TREND[0].taken_at) for each in TREND[:2])
    assert [place for place, _ in dots(same, "error")] == ["0.00%", "100.00%"]


def test_a_clean_year_is_a_line_at_nothing() -> None:
    clean = trend((0, 0, 0), (0, 0, 0))
    assert dots(clean, "error") == [("0.00%", 0), ("100.00%", 0)]
    assert not list(band(clean, "error").iter("rect"))
    assert "0" in [each.text for each in draw_trend(clean, "x").findall("text")]


def test_the_sentence_says_the_last_and_the_most() -> None:
    assert describe_trend(TREND) == (
        "5 audits from 2026-11-19T20:00:00Z to 2026-11-23T20:00:00Z."
        " Errors: latest 3, maximum 4. Warnings: latest 0, maximum 1. Notes: latest 0, maximum 12."
    )


def test_the_table_has_every_audit_the_last_one_first() -> None:
    rows = [[cell.text for cell in row] for row in trend_table((*TREND, replace(TREND[4], partial=True))).iter("tr")]
    assert rows[0] == ["audit", "result", "error", "warning", "note"]
    assert rows[1] == ["2026-11-23T20:00:00Z", "findings (some rules)", "3", "0", "0"]
    assert rows[4] == ["2026-11-21T20:00:00Z", "incomplete", "0", "0", "1"]
    assert len(rows) == 1 + 6
