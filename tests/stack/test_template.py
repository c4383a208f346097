"""What a template says beside its resources, and its evaluated properties."""

from __future__ import annotations

import pytest

from koding_audit.io.yaml_nodes import ScalarNode
from koding_audit.stack.json_source import read_json_script
from koding_audit.stack.template import StackTemplate, TemplateParameter, open_choice, properties_at
from tests.values import line


def values(text: str, path: str) -> list[tuple[str, bool]]:
    found = properties_at(read_json_script(text, "a.json"), path)
    return [(node.value, certain) for node, certain in found if isinstance(node, ScalarNode)]


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        ('{"Name": "a"}', "Name", [("a", True)]),
        ('{"Name": "a"}', "Other", []),
        ('{"Vpc": {"Id": "a"}}', "Vpc.Id", [("a", True)]),
        ('{"Tags": [{"Key": "a"}, {"Key": "b"}]}', "Tags.Key", [("a", True), ("b", True)]),
        ('{"Name": {"Fn::If": ["a", "b"]}}', "Name", [("a", False), ("b", False)]),
        ('{"Vpc": {"Fn::If": [{"Id": "a"}]}}', "Vpc.Id", [("a", False)]),
        ('{"Fn::If": [{"Name": "a"}]}', "Name", [("a", False)]),
    ],
)
def test_a_property_is_found_with_whether_it_is_certainly_set(
    text: str, path: str, found: list[tuple[str, bool]]
) -> None:
    assert values(text, path) == found


def test_a_plain_value_is_no_choice() -> None:
    assert open_choice(read_json_script('{"A": "b"}', "a.json")) is None
    assert open_choice(read_json_script('"b"', "a.json")) is None


@pytest.mark.parametrize(
    ("type_", "is_ssm", "looked_up"),
    [
        ("String", False, ""),
        ("AWS::EC2::KeyPair::KeyName", False, "AWS::EC2::KeyPair::KeyName"),
        ("List<AWS::EC2::Subnet::Id>", False, "AWS::EC2::Subnet::Id"),
        ("AWS::SSM::Parameter::Value<String>", True, ""),
        ("AWS::SSM::Parameter::Value<List<AWS::EC2::Image::Id>>", True, "AWS::EC2::Image::Id"),
    ],
)
def test_the_type_of_a_parameter_says_what_is_looked_up(type_: str, is_ssm: bool, looked_up: str) -> None:
    parameter = TemplateParameter("P", type_, "", line(1))
    assert (parameter.is_ssm, parameter.looked_up) == (is_ssm, looked_up)


def test_a_name_of_a_stack_is_known_where_there_is_one() -> None:
    assert StackTemplate(line(1), stack_names=("web",)).stack_name == "web"
    assert StackTemplate(line(1), stack_names=("web", "db")).stack_name == ""
