"""The known word that is nearest to an unknown one."""

from __future__ import annotations

from koding_audit.desired.messages import nearest_hint


def test_the_nearest_word_is_named() -> None:
    assert "`required`" in nearest_hint("requird", ["optional", "required"], "keys here")


def test_where_none_is_near_the_words_are_listed() -> None:
    hint = nearest_hint("x", ["optional", "required"], "keys here")
    assert hint.endswith("optional, required")


def test_of_many_words_the_first_are_listed_and_the_rest_is_counted() -> None:
    hint = nearest_hint("x", [f"word{number}" for number in range(20)], "words")
    assert hint.endswith("word11 and 8 more")
    assert "word12" not in hint


def test_where_there_is_no_word_it_says_so() -> None:
    assert nearest_hint("x", [], "policy sets") == "there are no policy sets"


def test_a_word_without_end_is_compared_by_its_beginning() -> None:
    assert "required" in nearest_hint("x" * 1_000_000, ["required"], "keys")
