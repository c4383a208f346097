"""What the resources of a template need: certainly, by their properties, and perhaps."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.model.stack import Stack
from koding_audit.stack.deployment import Deployment
from tests.stack.template_scripts import certain, one, perhaps, resource, stack, unsure

ACCOUNT = "123456789012"
EC2 = f"arn:aws:ec2:*:{ACCOUNT}:"
IAM = f"arn:aws:iam::{ACCOUNT}:"
OPEN = {"Fn::If": ["x"]}


def only(found: Stack, *names: str) -> dict[str, set[str]]:
    return {action: arns for action, arns in certain(found).items() if action in names}


def test_a_bucket_without_properties_needs_to_be_made_and_removed() -> None:
    arn = {"arn:aws:s3:::acme"}
    found = one("AWS::S3::Bucket", {"BucketName": "acme"})
    assert certain(found) == {"s3:CreateBucket": arn, "s3:DeleteBucket": arn}
    assert unsure(found) == {}


@pytest.mark.parametrize(
    ("name", "value", "action"),
    [
        ("VersioningConfiguration", {"Status": "Enabled"}, "s3:PutBucketVersioning"),
        ("BucketEncryption", {"ServerSideEncryptionConfiguration": [{}]}, "s3:PutEncryptionConfiguration"),
        ("Tags", [{"Key": "a", "Value": "b"}], "s3:PutBucketTagging"),
        ("PublicAccessBlockConfiguration", {"BlockPublicAcls": True}, "s3:PutBucketPublicAccessBlock"),
        ("LifecycleConfiguration", {"Rules": [{}]}, "s3:PutLifecycleConfiguration"),
    ],
)
def test_a_property_of_a_bucket_adds_its_action(name: str, value: Any, action: str) -> None:
    assert certain(one("AWS::S3::Bucket", {"BucketName": "acme", name: value}))[action] == {"arn:aws:s3:::acme"}
    open_ = one("AWS::S3::Bucket", {"BucketName": "acme", name: {"Fn::If": [value]}})
    assert unsure(open_)[action] == {"arn:aws:s3:::acme"}


def test_what_only_the_handlers_list_is_perhaps_needed_and_nothing_else_of_it() -> None:
    found = one("AWS::S3::Bucket", {"BucketName": "acme"})
    assert perhaps(found)["s3:GetBucketVersioning"] == {"arn:aws:s3:::acme"}
    assert not set(perhaps(found)) & {"s3:CreateBucket", "s3:DeleteBucket"}
    assert all(not each.certain for each in found.needs if each.perhaps)


def test_many_resources_of_what_never_decides_are_one_need_with_all_of_their_places() -> None:
    queues = [resource(f"Q{number}", "AWS::SQS::Queue") for number in range(20)]
    found = stack(*queues, deployment=Deployment("web"))
    (need,) = [each for each in found.needs if each.action == "sqs:GetQueueUrl"]
    assert (need.resource, need.perhaps) == (f"arn:aws:sqs:*:{ACCOUNT}:web-Q*", True)
    assert [each.resource for each in need.uses] == [each.address for each in queues]
    assert len(certain(found)["sqs:CreateQueue"]) == len(queues)


def test_what_one_resource_surely_needs_is_not_also_perhaps_needed() -> None:
    found = stack(
        resource("L", "AWS::Lambda::Function", {"FunctionName": "f", "Role": "r"}),
        resource("I", "AWS::EC2::Instance", {"SubnetId": "s"}),
    )
    assert "*" in certain(found)["ec2:DescribeInstances"]
    assert "*" not in perhaps(found).get("ec2:DescribeInstances", set())


def test_a_retained_resource_is_not_removed() -> None:
    found = one("AWS::IAM::Role", {"ManagedPolicyArns": ["p"]}, retained=True)
    assert set(certain(found)) == {"iam:CreateRole", "iam:AttachRolePolicy"}
    assert "iam:DeleteRole" not in perhaps(found)


def test_a_condition_that_is_not_known_makes_nothing_certain() -> None:
    found = one("AWS::SQS::Queue", {"QueueName": "q"}, depends_on_condition=True)
    assert certain(found) == {}
    assert "sqs:CreateQueue" in unsure(found)


def test_actions_in_the_policies_of_a_template_are_not_needed() -> None:
    statement = {"Effect": "Allow", "Action": ["logs:PutLogEvents", "s3:PutObject"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    properties = {"AssumeRolePolicyDocument": document, "Policies": [{"PolicyName": "p", "PolicyDocument": document}]}
    found = one("AWS::IAM::Role", properties)
    assert set(certain(found)) == {"iam:CreateRole", "iam:DeleteRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy"}
    assert not {"logs:PutLogEvents", "s3:PutObject"} & {each.action for each in found.needs}


def test_a_policy_is_put_on_the_roles_that_it_names() -> None:
    found = stack(
        resource("Role", "AWS::IAM::Role", {"RoleName": "app", "Path": "/x/"}),
        resource("Policy", "AWS::IAM::Policy", {"Roles": ["${Role}", "other"]}),
    )
    assert certain(found)["iam:PutRolePolicy"] == {f"{IAM}role/x/app", f"{IAM}role/other"}
    assert "iam:PutUserPolicy" not in certain(found)


@pytest.mark.parametrize(
    ("value", "arn"),
    [
        ("${Role.Arn}", f"{IAM}role/app"),
        (f"{IAM}role/team/x", f"{IAM}role/team/x"),
        ("arn:aws:iam::${AWS::AccountId}:role/x", f"{IAM}role/x"),
        ("${RoleArn}", f"{IAM}role/*"),
        (OPEN, f"{IAM}role/*x"),
    ],
)
def test_the_role_of_a_function_is_passed_and_no_other(value: Any, arn: str) -> None:
    found = stack(
        resource("Role", "AWS::IAM::Role", {"RoleName": "app"}),
        resource("F", "AWS::Lambda::Function", {"Role": value, "Code": {"ZipFile": "x"}}),
    )
    passed = [each for each in found.needs if each.action == "iam:PassRole"]
    assert [each.resource for each in passed] == [arn]
    assert passed[0].context == (("iam:PassedToService", ("lambda.amazonaws.com",)),)
    assert passed[0].certain is (value != OPEN)


def test_an_instance_profile_passes_the_role_that_it_has() -> None:
    found = stack(
        resource("Role", "AWS::IAM::Role", {"RoleName": "app"}),
        resource("Profile", "AWS::IAM::InstanceProfile", {"Roles": ["${Role}"]}),
        resource("I", "AWS::EC2::Instance", {"IamInstanceProfile": "${Profile}"}),
        resource("J", "AWS::EC2::Instance", {"IamInstanceProfile": "named"}),
    )
    to_ec2 = {each.resource for each in found.needs if each.action == "iam:PassRole" and each.context}
    assert to_ec2 == {f"{IAM}role/app", f"{IAM}role/*"}


def test_an_instance_is_asked_about_with_what_its_properties_bring_in() -> None:
    properties = {"KeyName": "k", "ImageId": "ami-1", "SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1"]}
    assert only(one("AWS::EC2::Instance", properties), "ec2:RunInstances")["ec2:RunInstances"] == {
        f"{EC2}instance/*",
        "arn:aws:ec2:*::image/ami-1",
        f"{EC2}key-pair/k",
        f"{EC2}subnet/subnet-1",
        f"{EC2}security-group/sg-1",
    }
    assert not any("key-pair" in each for each in certain(one("AWS::EC2::Instance"))["ec2:RunInstances"])


def test_a_tag_is_needed_on_the_resource_itself_alone() -> None:
    found = one("AWS::EC2::SecurityGroup", {"VpcId": "vpc-1", "Tags": [{"Key": "a"}]})
    assert certain(found)["ec2:CreateTags"] == {f"{EC2}security-group/*"}
    assert certain(found)["ec2:CreateSecurityGroup"] == {f"{EC2}security-group/*", f"{EC2}vpc/vpc-1"}


@pytest.mark.parametrize(
    ("value", "arn"),
    [
        ("11111111-2222-3333-4444-555555555555", "key/11111111-2222-3333-4444-555555555555"),
        ("alias/app", "key/*"),
        ("${Key.Arn}", "key/*"),
    ],
)
def test_a_key_is_asked_about_where_a_property_names_it(value: str, arn: str) -> None:
    found = stack(resource("Key", "AWS::KMS::Key"), resource("S", "AWS::SecretsManager::Secret", {"KmsKeyId": value}))
    assert certain(found)["kms:GenerateDataKey"] == {f"arn:aws:kms:*:{ACCOUNT}:{arn}"}


def test_a_key_of_aws_s_own_is_not_asked_about() -> None:
    found = one("AWS::SecretsManager::Secret", {"KmsKeyId": "alias/aws/secretsmanager"})
    assert not any(each.action.startswith("kms:") for each in found.needs if not each.perhaps)


def test_a_launch_template_may_pass_the_role_of_its_instance_profile() -> None:
    profile = {"LaunchTemplateData": {"IamInstanceProfile": {"Name": "p"}}}
    assert unsure(one("AWS::EC2::LaunchTemplate", profile))["iam:PassRole"] == {f"{IAM}role/*"}


def test_a_network_load_balancer_has_an_arn_of_its_own() -> None:
    for kind, part in (("application", "app"), ("network", "net")):
        found = one("AWS::ElasticLoadBalancingV2::LoadBalancer", {"Name": "n", "Type": kind})
        arn = f"arn:aws:elasticloadbalancing:*:{ACCOUNT}:loadbalancer/{part}/n/*"
        assert certain(found)["elasticloadbalancing:CreateLoadBalancer"] == {arn}
        assert unsure(found) == {}


def test_a_database_of_a_snapshot_is_restored_and_its_final_snapshot_never_decides() -> None:
    found = one("AWS::RDS::DBInstance", {"DBInstanceIdentifier": "db", "DBSnapshotIdentifier": "s"})
    assert "rds:CreateDBInstance" not in certain(found)
    assert "rds:RestoreDBInstanceFromDBSnapshot" in certain(found)
    assert "rds:CreateDBSnapshot" in perhaps(found)


@pytest.mark.parametrize("type_", ["AWS::CloudFormation::WaitConditionHandle", "AWS::CDK::Metadata", "Custom::Thing"])
def test_types_that_call_no_service_of_their_own_need_nothing(type_: str) -> None:
    found = one(type_)
    assert (certain(found), unsure(found), perhaps(found), found.unknown) == ({}, {}, {}, ())


def test_a_type_of_which_nothing_is_known_is_told() -> None:
    assert [(each.type, each.what) for each in one("AWS::No::Such").unknown] == [("AWS::No::Such", "R")]


def test_names_that_aws_s_list_does_not_have_are_a_note() -> None:
    (note,) = one("AWS::Lambda::Function", {"Role": "r"}).notes
    assert note.startswith("AWS::Lambda::Function: its handlers name lambda:AssociateRuntimeAlias")


@pytest.mark.parametrize(
    ("type_", "action"),
    [
        ("AWS::CodeBuild::Project", "codebuild:CreateProject"),
        ("AWS::DocDB::DBCluster", "rds:CreateDBCluster"),
        ("AWS::Route53::RecordSetGroup", "route53:ChangeResourceRecordSets"),
        ("AWS::Elasticsearch::Domain", "es:CreateElasticsearchDomain"),
        ("AWS::EMR::Cluster", "elasticmapreduce:RunJobFlow"),
        ("AWS::DMS::ReplicationInstance", "dms:CreateReplicationInstance"),
        ("AWS::IAM::AccessKey", "iam:CreateAccessKey"),
    ],
)
def test_types_without_handlers_have_rows_of_a_hand(type_: str, action: str) -> None:
    assert action in certain(one(type_))


def test_no_value_of_a_template_but_names_and_arns_is_in_what_it_needs() -> None:
    secret = "hunter2-and-more"
    properties = {
        "FunctionName": "f",
        "Environment": {"Variables": {"PASSWORD": secret}},
        "Code": {"ZipFile": secret},
        "Tags": [{"Key": "k", "Value": secret}],
    }
    found = stack(
        resource("F", "AWS::Lambda::Function", properties),
        resource("D", "AWS::RDS::DBInstance", {"MasterUserPassword": secret, "Engine": secret}),
        resource("I", "AWS::EC2::Instance", {"UserData": secret}),
        deployment=Deployment("web"),
    )
    assert secret not in repr(found)
