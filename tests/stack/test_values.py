"""Whether a value is set, as far as the script says it."""

from __future__ import annotations

import pytest

from koding_audit.io.yaml_nodes import ScalarNode, SequenceNode
from koding_audit.stack.values import is_value_set
from tests.values import line


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("x", None, True),
        ("false", None, None),
        ("", None, None),
        ("${var.x}", None, False),
        ("${aws_eip.a.id}", None, True),
        ("x", "x", True),
        ("y", "x", None),
        ("${var.x}", "x", False),
    ],
)
def test_a_text_is_set_unset_or_not_known(text: str, value: str | None, found: bool | None) -> None:
    assert is_value_set(ScalarNode(text, False, line(1)), value) is found


def test_a_list_is_set_if_it_has_something_and_has_a_value_if_one_of_it_is_that() -> None:
    both = SequenceNode((ScalarNode("x", False, line(1)), ScalarNode("y", False, line(1))), line(1))
    assert (is_value_set(both), is_value_set(both, "y"), is_value_set(both, "z")) == (True, True, None)
    assert is_value_set(SequenceNode((), line(1))) is None
