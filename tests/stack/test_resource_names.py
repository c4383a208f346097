"""What `Ref` and `Fn::GetAtt` of a named resource return."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koding_audit.stack import resource_names
from koding_audit.stack.resource_names import fill_form, load_resource_forms


@pytest.mark.parametrize(
    ("form", "properties", "text"),
    [
        ("{Name}", {"Name": "web"}, "web"),
        ("{Name}", {}, None),
        ("{Name}", {"Name": "${Open}"}, None),
        ("{Name}", {"Name": "web-${Open}"}, "web-${Open}"),
        ("role{Path=/}{Name}", {"Name": "web"}, "role/web"),
        ("role{Path=/}{Name}", {"Name": "web", "Path": "/x/"}, "role/x/web"),
        ("role{Path=/}{Name}", {"Name": "web", "Path": "${Open}"}, None),
        ("arn:${AWS::Partition}:s3:::{Name}", {"Name": "web"}, "arn:${AWS::Partition}:s3:::web"),
        ("{Name}-${AWS::Region}", {"Name": "web"}, "web-eu-west-1"),
        ("{Name}", {"Name": "x" * 3000}, None),
    ],
)
def test_a_form_is_filled_where_its_properties_are_known(
    form: str, properties: dict[str, str], text: str | None
) -> None:
    assert fill_form(form, properties.get, {"AWS::Region": "eu-west-1"}) == text


def test_every_row_has_a_form_a_source_and_a_date() -> None:
    path = Path(resource_names.__file__).with_suffix(".jsonl")
    rows = [json.loads(each) for each in path.read_text(encoding="ascii").splitlines()]
    assert [each["type"] for each in rows] == sorted({each["type"] for each in rows})
    assert all(each["source"] and each["date"] and (each["ref"] or each["attributes"]) for each in rows)
    assert set(load_resource_forms()) == {each["type"] for each in rows}
