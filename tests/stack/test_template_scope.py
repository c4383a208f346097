"""The sections of a template, and its transforms."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.stack.template_scope import named_transforms, section_of
from tests.stack.template_files import mapping, node, scope


@pytest.mark.parametrize(
    ("transform", "names"),
    [
        ("AWS::Serverless-2016-10-31", ["AWS::Serverless-2016-10-31"]),
        (["AWS::LanguageExtensions", "Acme"], ["AWS::LanguageExtensions", "Acme"]),
        ([{"Name": "AWS::Include", "Parameters": {}}], ["AWS::Include"]),
        ({"Name": "Acme"}, ["Acme"]),
        (None, []),
        ([[]], []),
    ],
)
def test_transforms_are_named_in_each_form(transform: Any, names: list[str]) -> None:
    assert [name for name, _ in named_transforms(node(transform))] == names


def test_a_section_that_is_no_mapping_is_empty() -> None:
    assert section_of(mapping({"Resources": "text"}), "Resources").entries == {}


def test_only_conditions_see_a_secret_parameter() -> None:
    found = scope(
        Parameters={"P": {"Type": "String", "NoEcho": True, "Default": "hunter2"}},
        Conditions={"Given": {"Fn::Not": [{"Fn::Equals": [{"Ref": "P"}, ""]}]}},
    )
    assert found.conditions.holds("Given") is True
    assert found.evaluator.text(node({"Fn::If": ["Given", {"Ref": "P"}, ""]})) == "${P}"
