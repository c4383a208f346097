"""What the state in S3 needs: to read, write, lock and encrypt it; and a state of another script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from koding_audit.stack.loader import read_script
from koding_audit.stack.needs import collect_needs
from koding_audit.stack.terraform_files import TerraformInputs
from tests.stack.built import lacking, stack_of
from tests.stack.made import ACCOUNT, allow

QUEUE = {"resource": {"aws_sqs_queue": {"q": {"name": "q"}}}}
SQS = allow("sqs:*")
STATE = "arn:aws:s3:::acme-state"


def with_backend(**more: Any) -> dict[str, Any]:
    backend = {"bucket": "acme-state", "key": "web/main.tfstate", "region": "eu-west-1", **more}
    return {**QUEUE, "terraform": [{"backend": {"s3": backend}}]}


PLAIN = {
    ("s3:ListBucket", STATE),
    ("s3:GetObject", f"{STATE}/web/main.tfstate"),
    ("s3:PutObject", f"{STATE}/web/main.tfstate"),
}
LOCK_FILE = {(f"s3:{each}Object", f"{STATE}/web/main.tfstate.tflock") for each in ("Get", "Put", "Delete")}
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/locks"
LOCK_TABLE = {(f"dynamodb:{each}Item", TABLE) for each in ("Get", "Put", "Delete")}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/k"


@pytest.mark.parametrize(
    ("more", "needed"),
    [
        ({}, PLAIN),
        ({"use_lockfile": True}, PLAIN | LOCK_FILE),
        ({"use_lockfile": False, "dynamodb_table": "locks"}, PLAIN | LOCK_TABLE),
        ({"dynamodb_table": "locks", "use_lockfile": True}, PLAIN | LOCK_TABLE | LOCK_FILE),
        ({"encrypt": True, "kms_key_id": KEY}, PLAIN | {("kms:Decrypt", KEY), ("kms:GenerateDataKey", KEY)}),
    ],
)
def test_a_backend_in_s3_is_read_written_and_locked(
    tmp_path: Path, more: dict[str, Any], needed: set[tuple[str, str]]
) -> None:
    assert lacking(stack_of(tmp_path, "s.tf.json", with_backend(**more)), SQS) == needed


def test_without_the_state_its_needs_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "s.tf.json"
    path.write_text(json.dumps(with_backend(use_lockfile=True)), encoding="utf-8")
    script = read_script(str(path), inputs=TerraformInputs(no_state=True))
    assert lacking(collect_needs(script, ACCOUNT), SQS) == set()


@pytest.mark.parametrize(("more", "key"), [({}, "net.tfstate"), ({"workspace": "prod"}, "env:/prod/net.tfstate")])
def test_the_state_of_another_script_is_read(tmp_path: Path, more: dict[str, str], key: str) -> None:
    config = {"bucket": "acme-state", "key": "net.tfstate", "region": "eu-west-1"}
    data = {"terraform_remote_state": {"net": {"backend": "s3", "config": config, **more}}}
    stack = stack_of(tmp_path, "s.tf.json", {**QUEUE, "data": data})
    assert lacking(stack, SQS) == {("s3:ListBucket", STATE), ("s3:GetObject", f"{STATE}/{key}")}
    assert stack.others == {}


def test_other_backends_are_told_and_a_local_state_of_another_script_is_not_awss(tmp_path: Path) -> None:
    data = {"terraform_remote_state": {"net": {"backend": "local", "config": {"path": "x"}}}}
    script = {**QUEUE, "terraform": {"backend": {"gcs": {"bucket": "b"}}}, "data": data}
    stack = stack_of(tmp_path, "s.tf.json", script)
    assert stack.notes == ("backend gcs: the permissions to store the state are not checked",)
    assert stack.others == {"terraform_remote_state": 1}
