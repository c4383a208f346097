"""Texts and heredocs are taken out of a file in HCL, and put back as they are."""

from __future__ import annotations

import pytest

from koding_audit.model.errors import InputError
from koding_audit.stack.hcl_texts import HeldTexts


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('a = "b"\n', "b"),
        ('a = "b\\"c\\n"\n', 'b"c\n'),
        ('a = "${f("x")}"\n', '${f("x")}'),
        ('a = "$${"\n', "$${"),
        ("a = <<X\n  one\ntwo\nX\n", "  one\ntwo\n"),
        ("a = <<-X\n    one\n      two\n    X\n", "one\n  two\n"),
        ('/* " */ a = "b" # "\n', "b"),
    ],
)
def test_a_text_is_put_back_as_it_is(source: str, text: str) -> None:
    texts = HeldTexts("a.tf")
    taken = texts.take_out(source)
    held = taken.partition('"')[2].partition('"')[0]
    assert texts.put_back(held) == text
    assert taken.count("\n") == source.count("\n")


def test_in_an_expression_a_text_keeps_its_quotes() -> None:
    texts = HeldTexts("a.tf")
    taken = texts.take_out('a = join("-", ["b\\"", "c"])\n')
    assert texts.put_back(taken) == 'a = join("-", ["b\\"", "c"])\n'


@pytest.mark.parametrize("source", ['a = "b\n', 'a = "b', "a = <<X\nb\n"])
def test_a_text_without_an_end_is_an_error_with_its_place(source: str) -> None:
    with pytest.raises(InputError) as caught:
        HeldTexts("a.tf").take_out(f"\n{source}")
    assert caught.value.location is not None
    assert caught.value.location.line == 2
