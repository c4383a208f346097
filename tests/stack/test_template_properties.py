"""Whether a condition of a row holds for a resource: yes, no, or not known."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.stack.template_properties import holds
from tests.stack.template_scripts import node

OPEN = {"Fn::If": ["text", "other"]}


@pytest.mark.parametrize(
    ("condition", "properties", "found"),
    [
        ("", {}, True),
        ("Tags", {"Tags": [{"Key": "a"}]}, True),
        ("Tags", {}, None),
        ("Tags", {"Tags": []}, None),
        ("Tags", {"Tags": ""}, True),
        ("Code.S3Bucket", {"Code": {"S3Bucket": "b"}}, True),
        ("Targets.RoleArn", {"Targets": [{"Id": "1"}, {"RoleArn": "r"}]}, True),
        ("Key", {"Key": OPEN}, False),
        ("Type=network", {"Type": "network"}, True),
        ("Type=network", {"Type": "application"}, None),
        ("Type=network", {"Type": "${Kind}"}, False),
        ("Type=network", {"Type": "$${Kind}"}, None),
        ("On=true", {"On": True}, True),
        ("On=true", {"On": "True"}, True),
        ("!Key", {}, True),
        ("!Key", {"Key": "k"}, None),
        ("!Key", {"Key": OPEN}, False),
        ("!Key&!Other", {}, True),
        ("!Key&!Other", {"Other": "o"}, None),
        ("!Key&!Other", {"Other": OPEN}, False),
    ],
)
def test_a_condition_holds_or_not_or_is_not_known(
    condition: str, properties: dict[str, Any], found: bool | None
) -> None:
    assert holds(condition, node(properties)) is found
