"""Loops of AWS::LanguageExtensions are unfolded, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.model.errors import InputError
from koding_audit.stack.template_loops import LoopUnfolder
from koding_audit.stack.template_values import python_value
from tests.stack.template_files import mapping, node, scope

PARAMETERS = {"Zones": {"Type": "CommaDelimitedList", "Default": "a,b"}, "Open": {"Type": "String"}}
PARAMETERS["Name"] = {"Type": "String", "Default": "Z"}


def unfolded(value: Any) -> tuple[Any, list[str]]:
    unfolder = LoopUnfolder(scope(Parameters=PARAMETERS).evaluator)
    found = unfolder.unfold(node(value))
    return python_value(found), [each.what for each in unfolder.unread]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"Fn::ForEach::L": ["X", ["a", "b"], {"B${X}": {"N": "n-${X}"}}]}, {"Ba": {"N": "n-a"}, "Bb": {"N": "n-b"}}),
        ({"Fn::ForEach::L": ["X", ["a.1"], {"B&{X}": "${X}"}]}, {"Ba1": "a.1"}),
        ({"Fn::ForEach::L": ["X", {"Ref": "Zones"}, {"B${X}": {"Ref": "X"}}]}, {"Ba": "a", "Bb": "b"}),
        ({"Fn::ForEach": ["X", ["a"], {"B${X}": {"Ref": "Y"}}]}, {"Ba": {"Ref": "Y"}}),
        ({"Fn::ForEach::L": [["X", "Y"], [["a", 1], ["b", 2]], {"B${X}": {"Ref": "Y"}}]}, {"Ba": "1", "Bb": "2"}),
        ({"Fn::ForEach::L": [["X", "Y"], {"a": 1, "b": 2}, {"B${X}": "${Y}"}]}, {"Ba": "1", "Bb": "2"}),
        ({"Fn::ForEach::L": [[{"Ref": "Name"}, "Y"], [["a", "b"]], {"B${Z}": "${Y}"}]}, {"Ba": "b"}),
        (
            {"Fn::ForEach::L": ["X", ["a", "b"], {"Fn::ForEach::M": ["Y", ["1"], {"${X}${Y}": "${Y}"}]}]},
            {"a1": "1", "b1": "1"},
        ),
        (
            {"Keep": "${X}", "Fn::ForEach::L": ["X", ["a"], {"${X}": ["${X}", "${Y}"]}]},
            {"Keep": "${X}", "a": ["a", "${Y}"]},
        ),
    ],
)
def test_a_loop_makes_a_copy_for_each_item(value: Any, found: Any) -> None:
    assert unfolded(value) == (found, [])


@pytest.mark.parametrize(
    "loop", [["X", {"Ref": "Open"}, {"${X}": 1}], ["X", ["a"], "text"], [], ["X", [{"Ref": "Open"}], {}]]
)
def test_a_loop_whose_items_are_open_is_told(loop: Any) -> None:
    assert unfolded({"Fn::ForEach::L": loop}) == ({}, ["Fn::ForEach::L"])


def test_loops_that_make_too_much_are_refused_at_their_place() -> None:
    body: Any = {"${A}${B}${C}": 1}
    for name in "CBA":
        body = {f"Fn::ForEach::{name}": [name, [str(number) for number in range(100)], body]}
    with pytest.raises(InputError, match="the loops make more than 200,000 values"):
        unfolded(body)


def test_only_a_loop_that_can_make_resources_is_told() -> None:
    loop = {"Fn::ForEach::L": ["X", {"Ref": "Open"}, {"${X}": {"Value": "a"}}]}
    unfolder = LoopUnfolder(scope(Parameters=PARAMETERS).evaluator)
    found = unfolder.unfold_template(mapping({"Outputs": loop, "Resources": loop}))
    assert python_value(found) == {"Outputs": {}, "Resources": {}}
    assert len(unfolder.unread) == 1
