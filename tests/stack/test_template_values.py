"""Nodes of templates as plain values and back."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.stack.template_values import (
    function_arguments,
    is_same_text,
    is_same_value,
    node_of_value,
    open_node,
    python_value,
    subnets,
    text_list,
)
from tests.stack.template_files import node, short
from tests.values import line


@pytest.mark.parametrize("value", ["a", "1", 1, -2, 1.5, True, False, None, [], {"a": [{"b": "c"}]}])
def test_a_value_of_json_comes_back(value: Any) -> None:
    assert python_value(node(value)) == value
    assert python_value(node_of_value(value, line(1))) == value


@pytest.mark.parametrize(
    ("text", "value"), [("'1'", "1"), ("1", 1), ("010", "010"), ("~", None), ("", None), ("2012-10-17", "2012-10-17")]
)
def test_a_scalar_of_yaml_has_its_type(text: str, value: Any) -> None:
    assert python_value(short(text)) == value


def test_missing_arguments_are_none() -> None:
    assert [each is None for each in function_arguments(node(["a"]), 3)] == [False, True, True]
    assert function_arguments(node("a"), 1) == (node("a"),)


def test_texts_are_compared_as_texts() -> None:
    assert is_same_text(open_node("A", line(1)), open_node("A", line(2)))
    assert not is_same_text(node(["a"]), node(["a"]))
    assert is_same_value(node(["a"]), node(["a"]))
    assert not is_same_value(node(["a"]), node(["a", "b"]))
    assert not is_same_value(None, None)
    assert python_value(text_list(["${x}"], line(1))) == ["$${x}"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("10.0.0.0/16", "2", "8"), ["10.0.0.0/24", "10.0.1.0/24"]),
        (("2001:db8::/56", "1", "64"), ["2001:db8::/64"]),
        (("10.0.0.0/16", "300", "8"), []),
        (("10.0.0.0/16", "2", "99"), []),
        (("x", "1", "8"), []),
        (("10.0.0.0/16", "1", ""), []),
    ],
)
def test_subnets_are_those_of_the_block(arguments: tuple[str, str, str], found: list[str]) -> None:
    assert subnets(*arguments) == found
