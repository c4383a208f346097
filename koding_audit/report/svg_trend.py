"""Draws a trend as SVG, and writes the same as a table for people who cannot see it.

Horizontal positions are percentages and everything else is pixels, so that the plot fills the width of the page with
letters of the usual size. Each severity has its own band, so that no severity is recognized by its colour only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from xml.etree.ElementTree import Element

from koding_audit.io.json_text import format_time
from koding_audit.io.text import pluralize
from koding_audit.model.finding import SEVERITIES, Severity
from koding_audit.model.report import TrendPoint
from koding_audit.report.html_elements import element

_HEAD, _BAND, _GAP = 24, 44, 14  # pixels: a band's heading, the band, the space below it
_STEP = _HEAD + _BAND + _GAP
_FOOT = 18  # pixels: the dates
_LEFT = 40  # pixels: the space for numbers, which html.css leaves
_MANY = 40  # audits; with more, dots are smaller, because they would overlap on a phone


def draw_trend(trend: Sequence[TrendPoint], name: str) -> Element:
    """Returns the SVG of a trend of at least one audit. name: the prefix of its ids, unique in the page."""
    places = _x_positions(trend)
    bottom = len(SEVERITIES) * _STEP
    return element(
        "svg",
        element("title", "Number of findings", id=f"{name}-title"),
        element("desc", describe_trend(trend), id=f"{name}-desc"),
        *_draw_incomplete(trend, places, bottom),
        *(
            each
            for index, severity in enumerate(SEVERITIES)
            for each in _draw_band(trend, places, severity, index * _STEP)
        ),
        element("text", _audit_day(trend[0]), class_="tick", x="0", y=str(bottom + _FOOT)),
        element("text", _audit_day(trend[-1]), class_="tick end", x="100%", y=str(bottom + _FOOT)),
        class_="plot",
        width="100%",
        height=str(bottom + _FOOT + 4),
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def describe_trend(trend: Sequence[TrendPoint]) -> str:
    """Returns a description of a trend in sentences."""
    span = (
        f"{pluralize(len(trend), 'audit')} from {format_time(trend[0].taken_at)} to {format_time(trend[-1].taken_at)}"
    )
    return f"{span}. {'. '.join(_band_heading(trend, severity) for severity in SEVERITIES)}."


def omitted_audits_note(trend: Iterable[TrendPoint]) -> str:
    """Returns a sentence with the number of audits that are not drawn, "" if all are."""
    number = sum(not each.is_complete for each in trend)
    if not number:
        return ""
    are = "is" if number == 1 else "are"
    audits = pluralize(number, "incomplete or partial audit")
    return f"? {audits} {are} not shown, because the numbers are not comparable."


def trend_table(trend: Iterable[TrendPoint]) -> Element:
    """Returns a table with a row for each audit, the last audit first."""
    heads = ("audit", "result", *SEVERITIES)
    rows = [
        element(
            "tr",
            element("th", format_time(each.taken_at), scope="row"),
            *(element("td", cell) for cell in _table_cells(each)),
        )
        for each in trend
    ]
    return element(
        "table",
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", *reversed(rows)),
        class_="trend",
    )


def _table_cells(each: TrendPoint) -> Iterator[str]:
    yield each.status + (" (some rules)" if each.partial else "")
    yield from (f"{_severity_count(each, severity):,}" for severity in SEVERITIES)


def _severity_count(each: TrendPoint, severity: Severity) -> int:
    numbers: dict[Severity, int] = {"error": each.error, "warning": each.warning, "note": each.note}
    return numbers[severity]


def _audit_day(each: TrendPoint) -> str:
    """Returns the date of an audit in UTC, without the time, so that it fits on a phone."""
    return format_time(each.taken_at).partition("T")[0]


def _x_positions(trend: Sequence[TrendPoint]) -> list[float]:
    """Returns the position of each audit in percent of the width: by time, or evenly spaced if all times are equal."""
    first = trend[0].taken_at
    spans = [(each.taken_at - first).total_seconds() for each in trend]
    if not spans[-1]:
        spans = [float(index) for index in range(len(trend))]
    return [100 * span / (spans[-1] or 1) for span in spans]


def _band_heading(trend: Sequence[TrendPoint], severity: Severity) -> str:
    numbers = [_severity_count(each, severity) for each in trend if each.is_complete]
    text = f"latest {numbers[-1]:,}, maximum {max(numbers):,}" if numbers else "unknown"
    return f"{severity.capitalize()}s: {text}"


def _draw_band(trend: Sequence[TrendPoint], places: Sequence[float], severity: Severity, top: int) -> Iterator[Element]:
    """Yields the elements of one severity's band; a number is drawn as constant until the next audit."""
    points = [
        (place, _severity_count(each, severity), each)
        for place, each in zip(places, trend, strict=True)
        if each.is_complete
    ]
    most = max((number for _, number, _ in points), default=0)
    base, radius = top + _HEAD + _BAND, "2" if len(trend) > _MANY else "3.5"
    yield element("text", _band_heading(trend, severity), class_="column", x=f"-{_LEFT}", y=str(top + 14))
    if most:
        yield element("text", f"{most:,}", class_="tick end", x="-8", y=str(base - _BAND + 4))
    yield element("text", "0", class_="tick end", x="-8", y=str(base + 4))
    heights = [round(_BAND * number / most) if most else 0 for _, number, _ in points]
    yield element(
        "g",
        element("line", class_="base", x1="0", x2="100%", y1=str(base), y2=str(base)),
        *_draw_levels([place for place, *_ in points], heights, base),
        *(
            _draw_dot(place, base - height, radius, f"{format_time(each.taken_at)}: {pluralize(number, severity)}")
            for (place, number, each), height in zip(points, heights, strict=True)
        ),
        class_=f"band {severity}",
    )


def _draw_dot(place: float, top: int, radius: str, title: str) -> Element:
    return element("circle", element("title", title), cx=_format_percent(place), cy=str(top), r=radius)


def _draw_levels(places: Sequence[float], heights: Sequence[int], base: int) -> Iterator[Element]:
    """Yields the horizontal steps with the areas below them, and the vertical lines between the steps."""
    for height, group in groupby(zip(pairwise(places), heights, strict=False), key=lambda step: step[1]):
        spans = [span for span, _ in group]
        left, right, top = spans[0][0], spans[-1][1], base - height
        if height:
            yield element(
                "rect", x=_format_percent(left), y=str(top), width=_format_percent(right - left), height=str(height)
            )
        yield _draw_level(left, right, top, top)
    for place, (before, after) in zip(places[1:], pairwise(heights), strict=True):
        if before != after:
            yield _draw_level(place, place, base - before, base - after)


def _draw_level(left: float, right: float, top: int, bottom: int) -> Element:
    return element(
        "line", class_="level", x1=_format_percent(left), x2=_format_percent(right), y1=str(top), y2=str(bottom)
    )


def _draw_incomplete(trend: Sequence[TrendPoint], places: Sequence[float], bottom: int) -> Iterator[Element]:
    """Yields a vertical line and a question mark for each audit whose numbers are not drawn."""
    for each, place in zip(trend, places, strict=True):
        if not each.is_complete:
            x = _format_percent(place)
            yield element("line", class_="unsure", x1=x, x2=x, y1=str(_HEAD), y2=str(bottom - _GAP))
            yield element("text", "?", class_="tick unsure", x=x, y=str(bottom))


def _format_percent(number: float) -> str:
    return f"{number:.2f}%"
