"""Conditions and rules of a template: true, false, or open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack.template_files import node, scope

PARAMETERS = {
    "Env": {"Type": "String", "Default": "prod"},
    "Zones": {"Type": "CommaDelimitedList", "Default": "a,b"},
    "Open": {"Type": "String"},
}
TRUE = {"Fn::Equals": [{"Ref": "Env"}, "prod"]}
FALSE = {"Fn::Equals": [{"Ref": "Env"}, "dev"]}
OPEN = {"Fn::Equals": [{"Ref": "Open"}, "x"]}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (TRUE, True),
        (FALSE, False),
        (OPEN, None),
        ({"Fn::Equals": [1, "1"]}, True),
        ({"Fn::Equals": [True, "true"]}, True),
        ({"Fn::Not": [TRUE]}, False),
        ({"Fn::Not": [OPEN]}, None),
        ({"Fn::And": [TRUE, TRUE]}, True),
        ({"Fn::And": [OPEN, FALSE]}, False),
        ({"Fn::And": [OPEN, TRUE]}, None),
        ({"Fn::Or": [FALSE, FALSE]}, False),
        ({"Fn::Or": [OPEN, TRUE]}, True),
        ({"Fn::Or": [OPEN, FALSE]}, None),
        ({"Condition": "IsProd"}, True),
        ({"Condition": "Nobody"}, None),
        ({"Condition": "Self"}, None),
        ({"Fn::Contains": [["prod", "dev"], {"Ref": "Env"}]}, True),
        ({"Fn::Contains": [["dev"], {"Ref": "Env"}]}, False),
        ({"Fn::Contains": [["dev"], {"Ref": "Open"}]}, None),
        ({"Fn::Contains": [{"Fn::RefAll": "AWS::EC2::VPC::Id"}, "a"]}, None),
        ({"Fn::EachMemberEquals": [["prod", "prod"], {"Ref": "Env"}]}, True),
        ({"Fn::EachMemberEquals": [["prod", "dev"], {"Ref": "Env"}]}, False),
        ({"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a", "b", "c"]]}, True),
        ({"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a"]]}, False),
        ({"Fn::EachMemberIn": [["a", {"Ref": "Open"}], ["a"]]}, None),
        ("true", True),
        ("text", None),
        ({"Fn::Unknown": []}, None),
        ([], None),
    ],
)
def test_a_condition_holds_does_not_or_is_open(condition: Any, holds: bool | None) -> None:
    conditions = {"IsProd": TRUE, "Self": {"Condition": "Self"}, "Asked": condition}
    assert scope(Parameters=PARAMETERS, Conditions=conditions).conditions.holds("Asked") is holds


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        ({"Assertions": [{"Assert": FALSE}]}, True),
        ({"Assertions": [{"Assert": TRUE}]}, False),
        ({"Assertions": [{"Assert": OPEN}]}, False),
        ({"RuleCondition": FALSE, "Assertions": [{"Assert": FALSE}]}, False),
        ({"RuleCondition": OPEN, "Assertions": [{"Assert": FALSE}]}, False),
        ({"RuleCondition": TRUE, "Assertions": [{"Assert": TRUE}, {"Assert": FALSE}]}, True),
        ("text", False),
    ],
)
def test_a_rule_that_certainly_fails_is_refused(rule: Any, refused: bool) -> None:
    found = scope(Parameters=PARAMETERS).conditions.refused_rules(node({"Asked": rule}))
    assert [name for name, _ in found] == (["Asked"] if refused else [])
