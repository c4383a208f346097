"""Policies in a few words, and what the comparison says of two of them."""

from __future__ import annotations

from typing import Any

from koding_audit.policy.diff import Difference, compare_documents
from koding_audit.policy.document import parse_document

Json = dict[str, Any]


def policy(*statements: Json, version: str = "2012-10-17") -> Json:
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> Json:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def allow_all_but(action: str) -> Json:
    return {"Effect": "Allow", "NotAction": action, "Resource": "*"}


def when(operator: str, key: str, *values: str) -> Json:
    return {"Condition": {operator: {key: list(values)}}}


def between(old: Json | list[Json], new: Json | list[Json]) -> Difference:
    """Each a statement or several, or a whole document."""
    return compare_documents(
        *(
            parse_document(each if isinstance(each, dict) and "Statement" in each else wrapped(each))
            for each in (old, new)
        )
    )


def wrapped(statements: Json | list[Json]) -> Json:
    return policy(*(statements if isinstance(statements, list) else [statements]))


OPEN = {
    "numbers": (
        allow(**when("NumericLessThan", "s3:max-keys", "10")),
        allow(**when("NumericLessThan", "s3:max-keys", "010")),
    ),
    "networks": (
        allow(**when("IpAddress", "aws:SourceIp", "10.0.0.0/8")),
        allow(**when("IpAddress", "aws:SourceIp", "10.0.0.0/9", "10.128.0.0/9")),
    ),
    "two keys of one principal": (
        allow(**when("StringEquals", "aws:PrincipalAccount", "123456789012")),
        allow(**when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::123456789012:*")),
    ),
    "a key that every request has": (
        allow(),
        [allow(**when("Bool", "aws:SecureTransport", each)) for each in ("true", "false")],
    ),
    "anybody who has an ARN": (allow(), allow(**when("ArnLike", "aws:PrincipalArn", "*"))),
    "a qualifier with an IfExists": (
        allow(**when("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", "a")),
        [allow(**when("ForAnyValue:StringEquals", "aws:TagKeys", "a")), allow(**when("Null", "aws:TagKeys", "true"))],
    ),
    "lists of no values": (allow(**when("StringEquals", "s3:prefix")), allow(**when("StringLike", "s3:prefix"))),
    "an operator that nobody knows": (
        allow(Condition={"StringEquals": {"k": "a"}, "StringResembles": {"k": "a"}}),
        allow(Condition={"StringEquals": {"k": "a"}}),
    ),
}
