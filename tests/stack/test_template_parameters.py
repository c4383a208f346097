"""Parameters: their declarations, their values, and those whose value is never shown."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.stack.template_parameters import override_nodes, read_parameters
from koding_audit.stack.template_values import python_value
from tests.stack.template_files import node


def values(parameter: dict[str, Any], **overrides: str) -> tuple[Any, Any, str]:
    """What is shown, what is compared, and the text of the declaration."""
    section = node({"P": parameter})
    found = read_parameters(section, override_nodes(overrides, section))
    shown, compared = (
        (None if each["P"] is None else python_value(each["P"])) for each in (found.shown, found.compared)
    )
    return shown, compared, found.declared[0].value


@pytest.mark.parametrize(
    ("parameter", "found"),
    [
        ({"Type": "String", "Default": "a"}, ("a", "a", "a")),
        ({"Type": "String"}, (None, None, "")),
        ({"Type": "Number", "Default": 3}, (3, 3, "3")),
        ({"Type": "CommaDelimitedList", "Default": "a, b"}, (["a", "b"], ["a", "b"], "a, b")),
        ({"Type": "List<Number>", "Default": "1"}, (["1"], ["1"], "1")),
        ({"Type": "String", "NoEcho": "true", "Default": "hunter2"}, (None, "hunter2", "")),
        ({"Type": "String", "NoEcho": True, "Default": "hunter2"}, (None, "hunter2", "")),
        ({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"}, (None, None, "/a")),
        ({"Type": "String", "Default": "${x}"}, ("$${x}", "$${x}", "${x}")),
        ({"Type": "String", "Default": "x" * 5000}, (None, None, "x" * 5000)),
    ],
)
def test_a_parameter_has_its_default(parameter: dict[str, Any], found: Any) -> None:
    assert values(parameter) == found


def test_a_given_value_replaces_the_default_and_others_are_ignored() -> None:
    assert values({"Type": "String", "Default": "a"}, P="b", Other="c") == ("b", "b", "b")


def test_a_template_without_parameters_has_none() -> None:
    assert read_parameters(None, {}).declared == ()
    assert read_parameters(node({"P": "text"}), {}).declared[0].type == ""
