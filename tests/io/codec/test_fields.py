"""Actions and unique ids, as plans and journals hold them."""

from __future__ import annotations

import json

import pytest

from koding_audit.io.codec.plan import decode_plan, encode_plan
from koding_audit.model.errors import InputError
from koding_audit.model.verb import Verb
from tests.io.codec.shapes import example_plan


@pytest.mark.parametrize(
    ("verb", "parameters", "lacks"),
    [
        ("AttachGroupPolicy", {"PolicyArn": "A"}, "GroupName"),
        ("AttachUserPolicy", {"UserName": "ada"}, "PolicyArn"),
        ("AddUserToGroup", {"GroupName": "g"}, "UserName"),
        ("DeleteGroupPolicy", {"GroupName": "g"}, "PolicyName"),
        ("PutUserPolicy", {"UserName": "ada", "PolicyName": "p"}, "PolicyDocument"),
        ("DeleteUser", {}, "UserName"),
    ],
)
def test_an_action_without_its_target_is_refused(verb: str, parameters: dict[str, str], lacks: str) -> None:
    value = json.loads(encode_plan(example_plan()))
    value["steps"][0] |= {"action": verb, "parameters": parameters}
    with pytest.raises(InputError, match=rf"steps\[0\]\.parameters: {verb} needs {lacks}"):
        decode_plan(value, "x.json")


@pytest.mark.parametrize("verb", Verb)
def test_every_action_that_is_read_changes_something(verb: Verb) -> None:
    value = json.loads(encode_plan(example_plan()))
    said = ("UserName", "GroupName", "RoleName", "PolicyArn", "PolicyName", "PolicyDocument", "VersionId")
    everything = dict.fromkeys(said, "x")
    value["steps"][0] |= {"action": verb.value, "parameters": everything}
    assert decode_plan(value, "x.json").steps[0].action.entity[1] == "x"
    value["steps"][0]["parameters"] = {}
    with pytest.raises(InputError, match=r"needs (User|Group|Role|Policy)(Name|Arn)"):
        decode_plan(value, "x.json")


def test_a_principal_has_one_unique_id() -> None:
    value = json.loads(encode_plan(example_plan()))
    value["steps"][0]["unique_ids"] *= 2
    with pytest.raises(InputError, match=r"unique_ids\[1\]: duplicate entity"):
        decode_plan(value, "x.json")
