"""Rows, scripts and policies for tests of what a stack needs: a table of its own, that no change of a row can break."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from koding_audit.model.account import Account
from koding_audit.model.stack import Stack, StackNeed, StackUse
from koding_audit.policy.evaluation import AccessRequest, Policies, Policy, compile_document, user_context
from koding_audit.stack import needs, type_table
from koding_audit.stack.decision import NeedDecider
from koding_audit.stack.loader import read_script
from koding_audit.stack.set_selection import CandidateSet
from tests.values import REFERENCE, line

ACCOUNT = Account("123456789012", "aws")
BUCKET = "arn:${partition}:s3:::{bucket}"
ROWS: list[dict[str, Any]] = [
    {
        "type": "aws_s3_bucket",
        "create": ["s3:CreateBucket"],
        "read": ["s3:ListBucket"],
        "delete": ["s3:DeleteBucket"],
        "arguments": {
            "versioning.enabled": ["s3:PutBucketVersioning"],
            "force_destroy": ["s3:DeleteObject"],
            "acl=private": ["s3:PutBucketAcl"],
            "tags": ["s3:PutBucketTagging"],
        },
        "arn": [BUCKET, f"{BUCKET}/*"],
    },
    {"type": "aws_s3_bucket_policy", "create": ["s3:PutBucketPolicy"], "arn": [BUCKET]},
    {
        "type": "aws_instance",
        "create": ["ec2:RunInstances"],
        "read": ["ec2:DescribeInstances"],
        "arguments": {"iam_instance_profile": ["iam:PassRole"]},
        "arn": ["arn:${partition}:ec2:${region}:${account}:instance/*"],
    },
    {"type": "aws_lambda_function", "create": ["lambda:CreateFunction"], "arguments": {"role": ["iam:PassRole"]}},
    {
        "type": "aws_iam_role",
        "create": ["iam:CreateRole"],
        "arn": ["arn:${partition}:iam::${account}:role/{name}"],
    },
    {"type": "aws_iam_instance_profile", "create": ["iam:CreateInstanceProfile"]},
    {
        "type": "aws_ssm_parameter",
        "create": ["ssm:PutParameter"],
        "arn": ["arn:${partition}:ssm:${region}:${account}:parameter/{name}"],
    },
    {
        "type": "aws_apigatewayv2_api",
        "create": ["apigateway:POST"],
        "arn": ["arn:${partition}:apigateway:${region}::/apis"],
    },
    {
        "type": "aws_api_gateway_rest_api",
        "create": ["apigateway:POST"],
        "arn": ["arn:${partition}:apigateway:${region}::/apis", "arn:${partition}:apigateway:${region}::/restapis"],
    },
    {
        "type": "aws_elb",
        "create": ["elasticloadbalancing:CreateLoadBalancer"],
        "service_role": ["elasticloadbalancing.amazonaws.com"],
    },
    {"data": "aws_iam_role", "read": ["iam:GetRole"]},
]


def needed(tmp_path: Path, monkeypatch: Any, resources: dict[str, Any], *, as_role: bool = False, **top: Any) -> Stack:
    """What a script needs by the table above. resources: by type and name, the arguments."""
    found = type_table.TypeTable({(row_kind(row), row[row_kind(row)]): json.dumps(row) for row in ROWS})
    monkeypatch.setattr(type_table, "load_type_table", lambda: found)
    path = tmp_path / "stack.tf.json"
    path.write_text(json.dumps({"resource": resources, **top}), encoding="utf-8")
    return needs.collect_needs(read_script(str(path)), ACCOUNT, as_role=as_role)


def row_kind(row: dict[str, Any]) -> Any:
    return "type" if "type" in row else "data"


def asked(stack: Stack) -> dict[str, set[tuple[str, bool]]]:
    """By action, the resources that it is needed on, each with whether surely."""
    found: dict[str, set[tuple[str, bool]]] = {}
    for need in stack.needs:
        found.setdefault(need.action, set()).add((need.resource, need.certain))
    return found


def need(action: str = "s3:CreateBucket", resource: str = "arn:aws:s3:::logs", **more: Any) -> StackNeed:
    uses = (StackUse("aws_s3_bucket.logs", line(3), "create"),)
    return StackNeed(action, resource, more.pop("region", ""), uses, **more)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: str | list[str] = "s3:*", resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def deny(actions: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {**allow(actions, resource, **more), "Effect": "Deny"}


def judge(*statements: dict[str, Any], **more: Any) -> NeedDecider:
    """A user with these statements."""
    policy = Policy("user ada", "arn:aws:iam::aws:policy/P", compile_document(document(*statements)))
    return NeedDecider(Policies(identity=(policy,), **more), request, REFERENCE)


def request(asked: StackNeed, resource: str) -> AccessRequest:
    arn = f"arn:aws:iam::{ACCOUNT.id}:user/ada"
    extra = {**({"aws:RequestedRegion": asked.region} if asked.region else {}), **dict(asked.context)}
    context = user_context(
        REFERENCE.condition_keys,
        arn=arn,
        name="ada",
        unique_id="AIDA",
        account=ACCOUNT.id,
        tags={},
        organization="",
        extra=extra,
    )
    return AccessRequest(asked.action, resource, arn, context)


def candidate(name: str, *statements: dict[str, Any], required: bool = False) -> CandidateSet:
    text = document(*statements)
    return CandidateSet(name, required, (Policy("group G", f"arn:{name}", compile_document(text)),), (text,))


def names(needs_: Iterable[StackNeed]) -> list[str]:
    return [each.action for each in needs_]
