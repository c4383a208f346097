"""Claims about text from outside that ends in a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from koding_audit.io.text import escape, format_age, pluralize
from tests.values import NOW, ago

INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u2800\u3164\ufe00\ufe0f\uffa0\U000e0100\U000e01ef"


@given(st.text())
@example(
    "\x00\x07\x08\x1b\x7f\x80\x9b\xad\u061c\u200b\u200e\u2028\u2029\u202e\u2066\ufeff\ud800\ue000\U000e0041" + INVISIBLE
)
def test_nothing_that_moves_hides_or_reorders_is_left(text: str) -> None:
    for char in escape(text):
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert char not in INVISIBLE


@given(st.text())
@example("e\u0301\u0301\u0301\u0301\u0301")
@example("\u0301")
def test_inert_text_stays_the_same(text: str) -> None:
    assert escape(escape(text)) == escape(text)


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"])))
@example("C:\\temp\\x1b")
def test_what_ascii_prints_is_kept(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    "text", ["Müller", "漢字", "e\u0301te\u0301", "Ελλάδα", "\u05e9\u05b8\u05c1", "a b", "naïve café", ""]
)
def test_letters_of_every_script_are_kept(text: str) -> None:
    assert escape(text) == text


def test_each_width_of_code_point_is_written_in_its_own_form() -> None:
    assert escape("\x1b") == "\\x1b"
    assert escape("\u202e") == "\\u202e"
    assert escape("\U000e0041") == "\\U000e0041"


def test_a_line_break_cannot_start_a_line_of_its_own() -> None:
    assert escape("a\r\n\x0b\x0c\x85\u2028b") == "a\\x0d\\x0a\\x0b\\x0c\\x85\\u2028b"


def test_marks_that_pile_up_are_cut_after_the_third() -> None:
    assert escape("a" + "\u0301" * 5 + "b") == "a\u0301\u0301\u0301" + "\\u0301" * 2 + "b"


def test_a_mark_cannot_sit_on_what_is_printed_before_the_text() -> None:
    assert escape("\u0338x") == "\\u0338x"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ({"days": 400}, "400 days"),
        ({"days": 1, "hours": 23}, "1 day"),
        ({"hours": 23, "minutes": 59}, "23 hours"),
        ({"hours": 1}, "1 hour"),
        ({"minutes": 59}, "less than an hour"),
        ({"days": -1}, "less than an hour"),
    ],
)
def test_an_age_is_rounded_down_and_one_that_is_still_to_come_is_short(span: dict[str, float], words: str) -> None:
    assert format_age(ago(**span), NOW) == words


def test_one_of_something_is_singular_and_none_is_plural() -> None:
    assert [pluralize(number, "key") for number in (0, 1, 2, 2000)] == ["0 keys", "1 key", "2 keys", "2,000 keys"]
