"""A plan or a state of Terraform as a script: what it creates and takes away, without its secrets."""

from __future__ import annotations

import json
from pathlib import Path

from koding_audit.stack.loader import read_script
from tests.stack.script_files import places, plan, write


def test_a_plan_has_its_modules_and_what_it_takes_away(tmp_path: Path) -> None:
    script = read_script(write(tmp_path, json.dumps(plan()), "plan.json"))
    found = {each.address: (each.kind, each.region, each.destroyed) for each in script.resources}
    assert found == {
        "data.aws_ami.u": ("data", "", False),
        'module.logs["a"].aws_s3_bucket.this[0]': ("type", "us-west-2", False),
        "aws_eip.old": ("type", "", True),
    }
    assert script.others == {"random_id": 1}


def test_of_a_plan_the_arguments_are_those_that_are_written_and_secrets_are_not_kept(tmp_path: Path) -> None:
    script = read_script(write(tmp_path, json.dumps(plan()), "plan.json"))
    body = next(each.body for each in script.resources if each.type == "aws_s3_bucket")
    values = {name: entry.node.value for name, entry in body.entries.items()}  # type: ignore[union-attr]
    assert values == {"bucket": "acme-logs", "policy": "${unknown}", "tags": "${unknown}"}
    assert "secret-of-mine" not in repr(script)


def test_a_state_is_read_as_a_plan_is(tmp_path: Path) -> None:
    resource = {"address": "aws_eip.a", "mode": "managed", "type": "aws_eip", "name": "a", "values": {"domain": "vpc"}}
    value = {"format_version": "1.0", "values": {"root_module": {"resources": [resource]}}}
    assert list(places(read_script(write(tmp_path, json.dumps(value), "state.json")))) == ["aws_eip.a"]
