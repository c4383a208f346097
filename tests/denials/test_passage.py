"""A message is found however its lines are wrapped, and each place is known in the text."""

from __future__ import annotations

import pytest

from koding_audit.denials.passage import Passage, Spans

TEXT = "ab cd\nef  gh"


def test_the_squeezed_text_has_no_spaces_and_lower_case_keeps_its_length() -> None:
    passage = Passage("A\u0130 b\nC")
    assert passage.squeezed == "A\u0130bC"
    assert passage.lowered == "a\u0130bc"


@pytest.mark.parametrize("at", range(8))
def test_a_place_is_found_both_ways(at: int) -> None:
    passage = Passage(TEXT)
    assert TEXT[passage.in_text(at)] == passage.squeezed[at]
    assert passage.in_squeezed(passage.in_text(at)) == at


def test_the_end_of_the_squeezed_text_is_the_end_of_the_text() -> None:
    assert Passage(TEXT).in_text(8) == len(TEXT)
    assert Passage("").in_squeezed(3) == 0


def test_words_and_breaks_are_known_at_a_place() -> None:
    passage = Passage(TEXT)
    assert passage.between(1, 5) == "b cd\ne"
    assert passage.between(3, 3) == ""
    assert [passage.word_end(at) for at in (0, 2, 7)] == [2, 4, 8]
    assert [passage.is_break(at) for at in (0, 2, 4, 6)] == [False, False, True, False]


def test_a_line_is_cut_at_a_width_if_an_earlier_line_of_the_message_is_as_long() -> None:
    lines = ["a" * 40, "b" * 40, "c" * 40]
    passage = Passage("\n".join(lines))
    assert passage.is_hard_break(80, 10)
    assert not passage.is_hard_break(80, 40)
    assert not passage.is_hard_break(40, 0)
    assert not passage.is_hard_break(10, 0)
    assert not Passage("short\nlonger line\nx").is_hard_break(15, 0)


def test_a_place_in_a_span_is_known() -> None:
    spans = Spans([(2, 4)])
    spans.add(6, 7)
    spans.add(6, 9)
    assert [at for at in range(12) if spans.hold(at)] == [2, 3, 6, 7, 8]
