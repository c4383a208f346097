"""HTML elements: all text is escaped, whatever an account or a file says."""

from __future__ import annotations

from xml.etree.ElementTree import tostring

from koding_audit.report.html_elements import element


def test_texts_and_elements_stand_in_their_order() -> None:
    made = element("p", "a", element("b", "c"), "d", None, "e", element("i"), "f")
    assert tostring(made, encoding="unicode", short_empty_elements=False) == "<p>a<b>c</b>de<i></i>f</p>"


def test_an_attribute_is_spelled_as_in_html() -> None:
    made = element("p", class_="x", aria_label="y", hidden="")
    assert made.attrib == {"class": "x", "aria-label": "y", "hidden": ""}


def test_a_text_is_text_and_shows_what_it_hides() -> None:
    made = element("p", "<script>\x1b\u202e", title='"><script>\x07')
    text = tostring(made, encoding="unicode")
    assert "<script>" not in text
    assert not set(text) & {"\x1b", "\u202e", "\x07"}
    assert made.text == "<script>\\x1b\\u202e"
