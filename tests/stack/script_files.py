"""Scripts in a folder of a test, and what is read or refused of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from koding_audit.model.errors import InputError
from koding_audit.stack.loader import read_script
from koding_audit.stack.script import Script

SCRIPTS = Path(__file__).parent / "scripts"


def write(tmp_path: Path, text: str, name: str = "stack.yml") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def places(script: Script) -> dict[str, int]:
    return {each.address: each.location.line for each in script.resources}


def refusal(path: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read_script(path)
    assert caught.value.location is not None
    return caught.value


def refused(tmp_path: Path, text: str, name: str = "stack.yml") -> tuple[int, int, str]:
    error = refusal(write(tmp_path, text, name))
    assert error.location is not None
    return error.location.line, error.location.column, error.message


def plan(**more: Any) -> dict[str, Any]:
    """A plan as `terraform show -json` prints it, shortened."""
    bucket = {
        "address": 'module.logs["a"].aws_s3_bucket.this[0]',
        "mode": "managed",
        "type": "aws_s3_bucket",
        "name": "this",
        "values": {"bucket": "acme-logs", "force_destroy": False, "policy": "secret-of-mine"},
        "sensitive_values": {"policy": True},
    }
    image = {"address": "data.aws_ami.u", "mode": "data", "type": "aws_ami", "name": "u", "values": {}}
    other = {"address": "random_id.x", "mode": "managed", "type": "random_id", "name": "x", "values": {}}
    expressions = {
        "bucket": {"references": ["var.name"]},
        "policy": {"references": ["var.policy"]},
        "tags": {"references": ["aws_eip.x"]},
    }
    configured = {"address": "aws_s3_bucket.this", "provider_config_key": "aws.west", "expressions": expressions}
    return {
        "format_version": "1.2",
        "variables": {"region": {"value": "us-west-2"}},
        "planned_values": {
            "root_module": {"resources": [image, other], "child_modules": [{"resources": [bucket]}]},
        },
        "resource_changes": [
            {
                "address": "aws_eip.old",
                "mode": "managed",
                "type": "aws_eip",
                "name": "old",
                "change": {"actions": ["delete"], "before": {"instance": "i-1"}, "after": None},
            }
        ],
        "configuration": {
            "provider_config": {"aws.west": {"expressions": {"region": {"references": ["var.region"]}}}},
            "root_module": {"module_calls": {"logs": {"module": {"resources": [configured]}}}},
        },
        **more,
    }
