"""A template's stack: what its resources need, and what the caller needs."""

from __future__ import annotations

from pathlib import Path

from koding_audit.stack.loader import read_script
from koding_audit.stack.needs import collect_needs
from koding_audit.stack.template_stack import role_arn
from tests.stack.template_scripts import ACCOUNT, resource, script, stack

CHECKOUT = Path(__file__).parents[2]


def test_a_stack_counts_its_resources_and_has_both_kinds_of_needs() -> None:
    found = stack(resource("Q", "AWS::SQS::Queue"), resource("B", "AWS::S3::Bucket"))
    assert found.resources == 2
    assert {each.caller for each in found.needs} == {True, False}


def test_resources_of_terraform_beside_a_template_are_read_by_their_own_table() -> None:
    found = collect_needs(script(resource("B", "AWS::S3::Bucket"), resource("x", "aws_vpc")), ACCOUNT)
    assert found.resources == 2
    assert {"ec2:CreateVpc", "s3:CreateBucket"} <= {each.action for each in found.needs}


def test_a_service_role_can_have_any_path() -> None:
    assert role_arn(ACCOUNT, "role/cfn") == f"arn:aws:iam::{ACCOUNT.id}:role/*cfn"
    assert role_arn(ACCOUNT, "") == ""


def test_what_this_projects_own_template_needs_is_known_whole() -> None:
    """Of its roles the audit's is made by default; the fixing one only where the parameters ask for it."""
    path = str(CHECKOUT / "deploy" / "aws" / "roles.yaml")
    role = f"arn:aws:iam::{ACCOUNT.id}:role/koding-audit-read"
    found = collect_needs(read_script(path), ACCOUNT)
    assert found.unknown == ()
    own = {(each.action, each.resource) for each in found.needs if not each.perhaps and not each.caller}
    assert own == {(f"iam:{name}", role) for name in ("CreateRole", "DeleteRole", "PutRolePolicy", "DeleteRolePolicy")}
    calls = {each.action for each in found.needs if each.caller and not each.perhaps}
    assert calls == {
        f"cloudformation:{name}"
        for name in ("DescribeStacks", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet")
    }
    both = collect_needs(read_script(path, {"CreateFixRole": "yes"}), ACCOUNT)
    assert f"arn:aws:iam::{ACCOUNT.id}:role/koding-audit-fix" in {each.resource for each in both.needs}
