"""Resources that an argument brings into a call are asked about too, as far as AWS's reference ties them to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from koding_audit.reference.actions import load_actions
from koding_audit.stack import argument_resources
from tests.stack.built import but, lacking, open_needs, stack_of, verdict

EC2 = "arn:aws:ec2:*:123456789012:"
RUN = "ec2:RunInstances"
LAUNCHED = [f"arn:aws:ec2:*:*:{each}/*" for each in ("instance", "image", "network-interface", "security-group")]
LAUNCHED += [f"arn:aws:ec2:*:*:{each}/*" for each in ("subnet", "volume")]


def script(type_: str, **arguments: Any) -> dict[str, Any]:
    return {"resource": {type_: {"a": arguments}}}


def test_an_instance_asks_about_its_key_pair(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, "s.tf.json", script("aws_instance", ami="ami-1", key_name="deploy"))
    assert lacking(stack, *but(RUN, on=LAUNCHED)) == {(RUN, f"{EC2}key-pair/deploy")}
    assert verdict(stack, *but(RUN, on=[*LAUNCHED, f"{EC2}key-pair/deploy"])) == "yes"
    plain = stack_of(tmp_path, "s.tf.json", script("aws_instance", ami="ami-1"))
    assert verdict(plain, *but(RUN, on=LAUNCHED)) == "yes"


@pytest.mark.parametrize(
    ("arguments", "resource"),
    [
        ({"placement_group": "together"}, "placement-group/together"),
        ({"launch_template": [{"id": "lt-0a1"}]}, "launch-template/lt-0a1"),
        ({"launch_template": [{"name": "web"}]}, "launch-template/*"),
        ({"ebs_block_device": [{"device_name": "b", "snapshot_id": "snap-7"}]}, "snapshot/snap-7"),
        ({"ami": "ami-5"}, "image/ami-5"),
        ({"subnet_id": "${aws_subnet.a.id}"}, "subnet/*"),
        ({"subnet_id": "subnet-1"}, "subnet/subnet-1"),
        ({"vpc_security_group_ids": ["sg-1", "${var.other}"]}, "security-group/sg-1"),
    ],
)
def test_what_an_instance_is_launched_with_is_asked_about(
    tmp_path: Path, arguments: dict[str, Any], resource: str
) -> None:
    stack = stack_of(tmp_path, "s.tf.json", script("aws_instance", **arguments))
    arn = f"arn:aws:ec2:*::{resource}" if resource.startswith(("image/", "snapshot/")) else f"{EC2}{resource}"
    assert (RUN, arn) in lacking(stack, *but(RUN, on=f"{EC2}instance/*"))


def test_a_security_group_asks_about_its_network(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, "s.tf.json", script("aws_security_group", name="web", vpc_id="${var.vpc}"))
    assert verdict(stack, *but("ec2:CreateSecurityGroup", on=f"{EC2}security-group/*")) == "unknown"  # it can be null
    literal = stack_of(tmp_path, "s.tf.json", script("aws_security_group", name="web", vpc_id="vpc-0f"))
    assert lacking(literal, *but("ec2:CreateSecurityGroup", on=f"{EC2}security-group/*")) == {
        ("ec2:CreateSecurityGroup", f"{EC2}vpc/vpc-0f")
    }


def test_an_optional_type_of_the_reference_is_likely_and_not_certain(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, "s.tf.json", script("aws_eip", domain="vpc", instance="i-0b"))
    statements = but("ec2:AssociateAddress", on=f"{EC2}elastic-ip/*")
    assert verdict(stack, *statements) == "unknown"
    assert open_needs(stack, *statements) == {("ec2:AssociateAddress", f"{EC2}instance/i-0b")}


def test_a_required_type_that_an_argument_names_is_asked_about_by_that_name_only(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, "s.tf.json", script("aws_subnet", vpc_id="vpc-1", cidr_block="10.0.0.0/24"))
    found = {each.resource: each.certain for each in stack.needs if each.action == "ec2:CreateSubnet"}
    assert found == {f"{EC2}subnet/*": True, f"{EC2}vpc/vpc-1": True}


def test_each_argument_of_the_table_names_a_type_of_the_reference_and_has_its_source() -> None:
    known = load_actions()
    with open(argument_resources._TABLE, encoding="ascii") as file:  # noqa: PTH123 - a name of the module
        rows = [json.loads(line) for line in file]
    types = {
        (service, each.name)
        for service in {row["service"] for row in rows}
        for name in known.described[service]
        for each in known.resource_types(f"{service}:{name}")
    }
    assert {(row["service"], row["resource"]) for row in rows} <= types
    assert all(row["source"].startswith("https://docs.aws.amazon.com/") and row["date"] for row in rows)
    assert all(each in known for row in rows for each in row.get("certain", ()))
