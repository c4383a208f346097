"""A plan or a state of Terraform as a script: what it creates and takes away, without its secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from koding_audit.stack.loader import read_script
from tests.stack.built import but, lacking, stack_of, verdict
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


def entry(address: str, **more: Any) -> dict[str, Any]:
    type_, name = address.removeprefix("data.").split(".")
    mode = "data" if address.startswith("data.") else "managed"
    return {"address": address, "mode": mode, "type": type_, "name": name, **more}


def changed(address: str, actions: list[str], before: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    return entry(address, change={"actions": actions, "before": before, "after": None}, **more)


def planned(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"format_version": "1.2", "planned_values": {"root_module": {"resources": list(resources)}}, **more}


OWN = "arn:aws:s3:::reports"


@pytest.mark.parametrize("actions", [["delete", "create"], ["create", "delete"]])
def test_a_replaced_bucket_is_deleted_by_its_old_name(tmp_path: Path, actions: list[str]) -> None:
    change = changed("aws_s3_bucket.r", actions, {"bucket": "reports-old"})
    value = planned(entry("aws_s3_bucket.r", values={"bucket": "reports"}), resource_changes=[change])
    stack = stack_of(tmp_path, "plan.json", value)
    missing = lacking(stack, *but("s3:*", on=OWN))
    assert ("s3:DeleteBucket", "arn:aws:s3:::reports-old") in missing
    assert ("s3:CreateBucket", "arn:aws:s3:::reports-old") not in missing
    assert verdict(stack, *but("s3:*", on=[OWN, f"{OWN}-old"])) == "yes"


def test_a_deposed_object_is_deleted_by_the_name_that_it_had(tmp_path: Path) -> None:
    changes = [
        changed("aws_s3_bucket.r", ["no-op"], {"bucket": "reports"}),
        changed("aws_s3_bucket.r", ["delete"], {"bucket": "reports-1"}, deposed="0a1b2c3d"),
        changed("aws_s3_bucket.r", ["delete"], {"bucket": "reports-2"}, deposed="4e5f6a7b"),
    ]
    value = planned(entry("aws_s3_bucket.r", values={"bucket": "reports"}), resource_changes=changes)
    missing = lacking(stack_of(tmp_path, "plan.json", value), *but("s3:*", on=OWN))
    assert {arn for action, arn in missing if action == "s3:DeleteBucket"} == {f"{OWN}-1", f"{OWN}-2"}


def test_a_forgotten_resource_is_only_read_by_its_old_name(tmp_path: Path) -> None:
    change = changed("aws_s3_bucket.old", ["forget"], {"bucket": "archive"})
    value = planned(
        entry("aws_s3_bucket.old"), entry("aws_s3_bucket.r", values={"bucket": "reports"}), resource_changes=[change]
    )
    missing = lacking(stack_of(tmp_path, "plan.json", value), *but("s3:*", on=OWN))
    assert {arn for _, arn in missing} == {"arn:aws:s3:::archive"}
    assert all(action.startswith(("s3:Get", "s3:List")) for action, _ in missing)


def test_data_that_was_read_while_planning_is_needed(tmp_path: Path) -> None:
    read = entry("data.aws_s3_bucket.shared", values={"bucket": "shared"})
    value = planned(
        entry("aws_s3_bucket.r", values={"bucket": "reports"}),
        prior_state={"values": {"root_module": {"child_modules": [{"resources": [read]}]}}},
    )
    missing = lacking(stack_of(tmp_path, "plan.json", value), *but("s3:*", on=OWN))
    assert ("s3:ListBucket", "arn:aws:s3:::shared") in missing


def test_an_imported_resource_is_managed_like_any_other(tmp_path: Path) -> None:
    change = changed("aws_s3_bucket.r", ["no-op"], {"bucket": "reports"})
    change["change"]["importing"] = {"id": "reports"}
    value = planned(entry("aws_s3_bucket.r", values={"bucket": "reports"}), resource_changes=[change])
    stack = stack_of(tmp_path, "plan.json", value)
    assert verdict(stack, *but("s3:*", on=OWN)) == "yes"
    assert "s3:ListBucket" in {each.action for each in stack.needs}


def test_secrets_of_what_is_destroyed_are_not_kept(tmp_path: Path) -> None:
    change = changed("aws_ssm_parameter.p", ["delete"], {"name": "/app/key", "value": "hunter2"})
    change["change"]["before_sensitive"] = {"value": True}
    path = write(tmp_path, json.dumps(planned(resource_changes=[change])), "plan.json")
    assert "hunter2" not in repr(read_script(path))
