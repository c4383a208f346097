"""Terraform's functions for names, counts and collections."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.stack.expression_functions import FUNCTIONS


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("toset", (["b", "a", "b"],), ["a", "b"]),
        ("tostring", (True,), "true"),
        ("tobool", ("false",), False),
        ("concat", (["a"], ["b"]), ["a", "b"]),
        ("keys", ({"b": 1, "a": 2},), ["a", "b"]),
        ("values", ({"b": 1, "a": 2},), [2, 1]),
        ("lookup", ({"a": 1}, "b", 7), 7),
        ("contains", (["a"], "a"), True),
        ("coalesce", (None, "", "a"), "a"),
        ("compact", (["", "a", None],), ["a"]),
        ("flatten", ([["a"], [["b"]]],), ["a", "b"]),
        ("element", (["a", "b"], 3), "b"),
        ("join", ("-", ["a", "b"]), "a-b"),
        ("trimprefix", ("app-x", "app-"), "x"),
    ],
)
def test_a_function_gives_what_terraforms_gives(name: str, arguments: tuple[Any, ...], value: object) -> None:
    assert FUNCTIONS[name](*arguments) == value
