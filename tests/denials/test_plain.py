"""Denials without AWS's sentence report what their words say, and words of other errors are no denials."""

from __future__ import annotations

import pytest

from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.lines import clean_text
from koding_audit.denials.passage import Passage
from koding_audit.denials.plain import read_plain
from koding_audit.denials.values import Denial
from tests.denials.texts import ENCODED, ROLE, SESSION

NOT_AUTHORIZED = "You are not authorized to perform this operation."


def read(text: str, tables: DenialTables) -> list[Denial]:
    return [each.denial for each in read_plain(Passage(clean_text(text)), tables, ())]


def botocore(code: str, operation: str, message: str) -> str:
    return f"An error occurred ({code}) when calling the {operation} operation: {message}"


@pytest.mark.parametrize(
    ("text", "action", "likely"),
    [
        (botocore("AccessDenied", "ListObjectsV2", "Access Denied"), "s3:ListBucket", ()),
        (botocore("AccessDenied", "PutObject", "Access Denied"), None, ("s3:PutObject",)),
        (botocore("403", "HeadBucket", "Forbidden"), "s3:ListBucket", ()),
        (botocore("403", "HeadObject", "Forbidden"), None, ("s3:GetObject",)),
        (botocore("UnauthorizedOperation", "DescribeInstances", NOT_AUTHORIZED), "ec2:DescribeInstances", ()),
        (
            botocore(
                "UnauthorizedOperation",
                "RunInstances",
                f"{NOT_AUTHORIZED} Encoded authorization failure message: {ENCODED}",
            ),
            None,
            ("ec2:RunInstances",),
        ),
        (
            "operation error S3: GetBucketVersioning, https response error StatusCode: 403, RequestID: A, HostID: b+c="
            ", api error AccessDenied: Access Denied",
            "s3:GetBucketVersioning",
            (),
        ),
        ("Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: x)", None, ()),
        ("<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", None, ()),
        ("AccessDenied: Access denied\n\tstatus code: 403", None, ()),
        (
            "The provided execution role does not have permissions to call ReceiveMessage on SQS",
            "sqs:ReceiveMessage",
            (),
        ),
        ("AccessDeniedException: Access to KMS is not allowed status code: 400", None, ("kms:Decrypt",)),
    ],
)
def test_a_message_gives_the_action_only_if_it_is_certain(
    text: str, action: str | None, likely: tuple[str, ...], tables: DenialTables
) -> None:
    (found,) = read(text, tables)
    assert (found.action, found.inferred, found.likely) == (action, action is not None, likely)
    assert (found.principal, found.resource, found.effect, found.layer) == (None, None, "unknown", "unknown")


def test_messages_with_a_principal_or_a_name_give_them(tables: DenialTables) -> None:
    db = "arn:aws:redshift:us-east-1:210987654321:dbuser:cl/admin"
    (found,) = read(f"ERROR: User {db} is not authorized to assume IAM Role {ROLE}", tables)
    assert (found.principal, found.action, found.resource) == (db, "sts:AssumeRole", ROLE)
    (found,) = read(f"'{ROLE}' is not authorized to create managed-rule.", tables)
    assert found.principal == ROLE
    (found,) = read(
        botocore("AccessDenied", "CreateAutoScalingGroup", "You are not authorized to use launch template: lt-0a1b"),
        tables,
    )
    assert (found.resource_text, found.action) == ("lt-0a1b", None)


@pytest.mark.parametrize(
    "text",
    [
        botocore("AccessDenied", "DeleteObject", "Access Denied because object protected by object lock."),
        "ERROR 1045 (28000): Access denied for user 'root'@'localhost'",
        "HTTP/1.1 403 Forbidden\n<Code>AccessDenied</Code><Message>Request has expired</Message>",
        "java.nio.file.AccessDeniedException: /var/x",
        "Access denied",
        botocore("AccessDenied", "X", "some words that are not known"),
        "is not authorized to create managed-rule",
        "Access to the resource http and nothing more",
        "The provided execution role does not have permissions to call it",
    ],
)
def test_other_words_are_no_denial(text: str, tables: DenialTables) -> None:
    assert read(text, tables) == []


def test_columns_of_cloudtrail_are_read(tables: DenialTables) -> None:
    row = f"{SESSION}  7b3d  ec2.amazonaws.com  CreateNetworkInterface  Client.UnauthorizedOperation  {NOT_AUTHORIZED}"
    assert read(row, tables) == [
        Denial(
            principal=SESSION,
            action="ec2:CreateNetworkInterface",
            inferred=True,
            operation="ec2:CreateNetworkInterface",
            service="ec2",
        )
    ]
    assert read(row.replace("Client.UnauthorizedOperation", "Success").replace(NOT_AUTHORIZED, ""), tables) == []
