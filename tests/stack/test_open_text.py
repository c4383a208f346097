"""Texts of templates with open parts."""

from __future__ import annotations

import pytest

from koding_audit.stack.open_text import (
    LONGEST,
    escape_literal,
    has_open_part,
    join_texts,
    open_text,
    unescape_literal,
)
from koding_audit.stack.references import is_interpolated


@pytest.mark.parametrize(
    ("name", "text"), [("Role.Arn", "${Role.Arn}"), ("Fn::If", "${Fn::If}"), ("a}b", "${unknown}"), ("", "${unknown}")]
)
def test_an_open_part_names_what_it_depends_on(name: str, text: str) -> None:
    assert open_text(name) == text
    assert has_open_part(text)


@pytest.mark.parametrize("text", ["", "plain", "${aws:username}", "a{b}", "%{if}", "{{x}}", "$", "${"])
def test_a_literal_is_not_open_and_comes_back(text: str) -> None:
    escaped = escape_literal(text)
    assert not has_open_part(escaped)
    assert unescape_literal(escaped) == text
    assert is_interpolated(escaped) == ("${" in text or "%{" in text)


def test_a_dollar_before_an_open_part_does_not_make_it_a_literal() -> None:
    assert has_open_part(join_texts(["cost $", "${Price}"]))
    assert join_texts(["a", "", "b"]) == "ab"


def test_a_text_that_would_be_too_long_is_open() -> None:
    assert join_texts(["a" * LONGEST, "b"]) == "${unknown}"
