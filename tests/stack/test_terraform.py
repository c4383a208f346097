"""The blocks of a script: resources, providers and their regions."""

from __future__ import annotations

from pathlib import Path

import pytest

from koding_audit.stack.loader import read_script
from tests.stack.built import lacking, stack_of, verdict
from tests.stack.made import allow
from tests.stack.script_files import SCRIPTS, places, write


def test_lists_may_stand_wherever_terraform_has_them_and_each_provider_has_its_region() -> None:
    script = read_script(str(SCRIPTS / "providers.tf.json"))
    regions = {each.address: each.region for each in script.resources}
    assert regions == {
        "data.aws_ami.ubuntu": "us-east-1",
        "aws_s3_bucket.logs": "us-east-1",
        "aws_s3_bucket.open": "us-west-2",
        "aws_s3_bucket.elsewhere": "",
        "aws_eip.none": "us-east-1",
        "aws_eip.some": "us-east-1",
    }
    assert [each.what for each in script.unread] == ["module.net"]
    assert script.notes == ("aws_eip.none is not created: its count is 0",)
    assert [each.what for each in script.states] == ["backend.s3"]


def test_a_count_that_is_not_known_still_counts(tmp_path: Path) -> None:
    text = "resource: {aws_eip: {a: {count: 0}, b: {count: '${var.n}'}, c: {for_each: '${var.m}'}}}"
    created = {each.address: each.is_created for each in read_script(write(tmp_path, text)).resources}
    assert created == {"aws_eip.a": False, "aws_eip.b": True, "aws_eip.c": True}


def test_the_types_of_the_other_provider_of_aws_are_not_passed_over(tmp_path: Path) -> None:
    script = read_script(write(tmp_path, "resource: {awscc_ec2_vpc: {a: {}}, random_id: {b: {}}}"))
    assert [each.what for each in script.unread] == ["awscc_ec2_vpc.a"]
    assert script.others == {"random_id": 1}


def test_kodings_own_block_is_passed_over_with_a_note(tmp_path: Path) -> None:
    text = "koding: {userInput: {size: text}}\nresource: {aws_eip: {a: {}}}"
    path = write(tmp_path, text)
    script = read_script(path)
    assert list(places(script)) == ["aws_eip.a"]
    assert script.notes == (f"{path}: the block `koding` is Koding's own and needs no permission",)


@pytest.mark.parametrize(
    ("lifecycle", "actions"),
    [
        ({"destroy": True}, {"sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:DeleteQueue"}),
        ({"destroy": False}, {"sqs:GetQueueAttributes", "sqs:ListQueueTags"}),
        ({}, {"sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:DeleteQueue"}),
    ],
)
def test_what_a_removed_block_takes_away_is_perhaps_in_the_state(
    tmp_path: Path, lifecycle: dict[str, bool], actions: set[str]
) -> None:
    removed = [{"from": "aws_sqs_queue.old", "lifecycle": [lifecycle]}]
    stack = stack_of(tmp_path, "s.tf.json", {"removed": removed, "resource": {"aws_s3_bucket": {"b": {}}}})
    found = {each.action: each.certain for each in stack.needs if each.action.startswith("sqs:")}
    assert found == dict.fromkeys(actions, False)


def test_the_data_of_a_check_does_not_decide_and_import_and_moved_need_nothing_more(tmp_path: Path) -> None:
    script = {
        "check": {"up": {"data": {"aws_eip": {"e": {"id": "eipalloc-1"}}}, "assert": {"condition": "${true}"}}},
        "moved": [{"from": "aws_sqs_queue.a", "to": "aws_sqs_queue.q"}],
        "import": [{"to": "aws_sqs_queue.q", "id": "url"}],
        "resource": {"aws_sqs_queue": {"q": {"name": "q"}}},
    }
    stack = stack_of(tmp_path, "s.tf.json", script)
    assert verdict(stack, allow("sqs:*")) == "yes"
    assert {each.action for each in stack.needs if not each.decides} >= {"ec2:DescribeAddresses"}


def test_an_ephemeral_resource_is_read(tmp_path: Path) -> None:
    script = {
        "ephemeral": {"aws_secretsmanager_secret_version": {"db": {"secret_id": "db"}}, "aws_no_such": {"x": {}}},
        "resource": {"aws_sqs_queue": {"q": {"name": "q"}}},
    }
    stack = stack_of(tmp_path, "s.tf.json", script)
    assert "secretsmanager:GetSecretValue" in {action for action, _ in lacking(stack, allow("sqs:*"))}
    assert [each.what for each in stack.unknown] == ["ephemeral.aws_no_such.x"]
