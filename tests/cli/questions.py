"""A saved account, and questions of `can` about it."""

from __future__ import annotations

import pytest

from koding_audit.cli import main

DETAILS = {
    "UserDetailList": [
        {
            "Path": "/",
            "UserName": "ada",
            "UserId": "AIDA1",
            "Arn": "arn:aws:iam::123456789012:user/ada",
            "GroupList": ["Ops"],
            "AttachedManagedPolicies": [],
            "UserPolicyList": [
                {
                    "PolicyName": "guard",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": {
                            "Sid": "Regions",
                            "Effect": "Deny",
                            "NotAction": "iam:*",
                            "Resource": "*",
                            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
                        },
                    },
                }
            ],
        }
    ],
    "GroupDetailList": [
        {
            "Path": "/",
            "GroupName": "Ops",
            "GroupId": "AGPA1",
            "Arn": "arn:aws:iam::123456789012:group/Ops",
            "AttachedManagedPolicies": [{"PolicyName": "P", "PolicyArn": "arn:aws:iam::aws:policy/P"}],
            "GroupPolicyList": [],
        }
    ],
    "RoleDetailList": [
        {
            "Path": "/web/",
            "RoleName": "deploy",
            "RoleId": "AROA1",
            "Arn": "arn:aws:iam::123456789012:role/web/deploy",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "AttachedManagedPolicies": [],
            "RolePolicyList": [
                {
                    "PolicyName": "own",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"},
                            {
                                "Effect": "Allow",
                                "Action": "s3:*",
                                "Resource": "*",
                                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
                            },
                            {
                                "Effect": "Allow",
                                "Action": "sqs:*",
                                "Resource": "arn:aws:sqs:*:*:${aws:username}",
                            },
                        ],
                    },
                }
            ],
        }
    ],
    "Policies": [
        {
            "Arn": "arn:aws:iam::aws:policy/P",
            "PolicyVersionList": [
                {
                    "VersionId": "v1",
                    "IsDefaultVersion": True,
                    "Document": {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Action": ["ec2:*", "iam:Get*"], "Resource": "*"}],
                    },
                }
            ],
        }
    ],
}


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["can", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err
