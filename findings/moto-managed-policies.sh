#!/usr/bin/env bash
# moto lets an account rewrite, delete and misuse AWS's managed policies.
#
# Versions: moto 5.2.5 with botocore 1.44.8.
# Expected: errors. AWS alone changes its managed policies:
#           https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
#           A service-linked role's policy attaches to no other role (PolicyNotAttachable), and a policy that is attached
#           can't be deleted (DeleteConflict); botocore's model declares both errors for these calls.
# Seen:     CreatePolicyVersion makes a new default of ReadOnlyAccess, DeletePolicy removes AlexaForBusinessDeviceSetup and
#           also an attached policy of the account, and AttachRolePolicy attaches AWSOrganizationsServiceTrustPolicy to an
#           ordinary role.
set -eu
sed -n "2,/^set -eu/{/^#/s/^# \{0,1\}//p}" "$0"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'moto[iam]==5.2.5' boto3==1.44.8 botocore==1.44.8
export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=us-east-1
python/bin/python - <<'PY'
import json

import boto3
from moto import mock_aws

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
    iam = boto3.client("iam")
    for operation, error in {"AttachRolePolicy": "PolicyNotAttachable", "DeletePolicy": "DeleteConflict"}.items():
        shapes = iam.meta.service_model.operation_model(operation).error_shapes
        assert any(shape.error_code == error for shape in shapes)

    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.create_policy_version(PolicyArn=read_only, PolicyDocument=document(ALLOW), SetAsDefault=True)
    version = iam.get_policy(PolicyArn=read_only)["Policy"]["DefaultVersionId"]
    default = iam.get_policy_version(PolicyArn=read_only, VersionId=version)["PolicyVersion"]["Document"]
    print("ReadOnlyAccess is now:", default["Statement"])
    assert default["Statement"] == [ALLOW]

    iam.delete_policy(PolicyArn="arn:aws:iam::aws:policy/AlexaForBusinessDeviceSetup")
    print("AlexaForBusinessDeviceSetup: deleted")

    iam.create_role(RoleName="Web", AssumeRolePolicyDocument=document(TRUST))
    linked = "arn:aws:iam::aws:policy/aws-service-role/AWSOrganizationsServiceTrustPolicy"
    own = iam.create_policy(PolicyName="Read", PolicyDocument=document(ALLOW))["Policy"]["Arn"]
    for arn in (linked, own):
        iam.attach_role_policy(RoleName="Web", PolicyArn=arn)
    attached = [each["PolicyName"] for each in iam.list_attached_role_policies(RoleName="Web")["AttachedPolicies"]]
    print("attached to Web:", attached)
    assert set(attached) == {"AWSOrganizationsServiceTrustPolicy", "Read"}
    iam.delete_policy(PolicyArn=own)
    print("Read: deleted while attached")
PY
