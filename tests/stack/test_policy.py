"""The policy for just one stack: what it needs on what it is needed on, in as few documents as IAM takes."""

from __future__ import annotations

import re

from koding_audit.policy.evaluation import Policies, Policy, compile_document
from koding_audit.stack.decision import NeedDecider
from koding_audit.stack.policy import document_size, stack_policy_documents
from tests.stack.made import judge, need, request
from tests.values import REFERENCE


def test_actions_on_the_same_resources_share_a_statement() -> None:
    needs = [
        need("s3:CreateBucket", "arn:aws:s3:::logs"),
        need("s3:DeleteBucket", "arn:aws:s3:::logs"),
        need("s3:DeleteObject", "arn:aws:s3:::logs/*"),
        need("ec2:DescribeInstances", "*"),
    ]
    (found,) = stack_policy_documents(needs)
    assert found == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Ec2", "Effect": "Allow", "Action": ["ec2:DescribeInstances"], "Resource": ["*"]},
            {
                "Sid": "S3",
                "Effect": "Allow",
                "Action": ["s3:CreateBucket", "s3:DeleteBucket"],
                "Resource": ["arn:aws:s3:::logs"],
            },
            {"Sid": "S32", "Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": ["arn:aws:s3:::logs/*"]},
        ],
    }


def test_any_resource_is_a_star_and_makes_others_needless() -> None:
    (found,) = stack_policy_documents(
        [need("ec2:CreateTags", "arn:*"), need("ec2:CreateTags", "arn:aws:ec2:*:1:instance/*")]
    )
    (statement,) = found["Statement"]
    assert statement["Resource"] == ["*"]


def test_the_document_allows_all_that_is_needed_and_is_one_that_iam_takes() -> None:
    needs = [need("s3:CreateBucket", f"arn:aws:s3:::bucket-{n}") for n in range(400)]
    needs += [need("ec2:DescribeInstances", "*"), need("iam:PassRole", "arn:aws:iam::123456789012:role/*web")]
    found = stack_policy_documents(needs)
    assert len(found) > 1
    assert all(document_size(each) <= 6144 for each in found)
    policies = tuple(Policy("user ada", str(number), compile_document(each)) for number, each in enumerate(found))
    granted = NeedDecider(Policies(identity=policies), request, REFERENCE)
    assert {granted.decide(each).verdict for each in needs} == {"allowed"}
    assert judge().decide(needs[0]).verdict == "implicit-deny"
    assert granted.decide(need("s3:CreateBucket", "arn:aws:s3:::other")).verdict == "implicit-deny"


def test_many_actions_on_one_resource_are_divided_too() -> None:
    found = stack_policy_documents([need(f"ec2:{'Action' * 8}{n}", "*") for n in range(300)])
    assert len(found) > 1
    assert all(document_size(each) <= 6144 for each in found)
    assert len({action for each in found for one in each["Statement"] for action in one["Action"]}) == 300


def test_each_statement_has_a_name_of_its_own_that_iam_takes() -> None:
    needs = [need(f"resource-groups:A{n}", f"arn:aws:x:::{n}") for n in range(5)]
    sids = [each["Sid"] for document in stack_policy_documents(needs) for each in document["Statement"]]
    assert len(set(sids)) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
