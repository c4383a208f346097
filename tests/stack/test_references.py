"""References between resources of a script."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack.made import asked
from tests.stack.resources import bucket


@pytest.mark.parametrize("attribute", ["bucket", "id"])
def test_a_reference_to_a_resource_whose_name_is_written_out_is_followed(needs: Any, attribute: str) -> None:
    reference = f"${{aws_s3_bucket.logs.{attribute}}}"
    stack = needs({**bucket(bucket="acme"), "aws_s3_bucket_policy": {"p": {"bucket": reference}}})
    assert asked(stack)["s3:PutBucketPolicy"] == {("arn:aws:s3:::acme", True)}


@pytest.mark.parametrize(
    "reference",
    [
        "${aws_s3_bucket.logs.arn}",
        "${aws_s3_bucket.other.id}",
        "${aws_s3_bucket.logs.tags}",
        "${aws_s3_bucket.loop.id}",
    ],
)
def test_a_reference_that_the_script_does_not_answer_is_a_star(needs: Any, reference: str) -> None:
    buckets = {"logs": {"bucket": "acme", "tags": {"a": "b"}}, "loop": {"bucket": "${aws_s3_bucket.loop.bucket}"}}
    stack = needs({"aws_s3_bucket": buckets, "aws_s3_bucket_policy": {"p": {"bucket": reference}}})
    assert asked(stack)["s3:PutBucketPolicy"] == {("arn:aws:s3:::*", True)}


def test_a_dynamic_block_gives_its_arguments_too(needs: Any) -> None:
    dynamic = {"versioning": {"for_each": "${var.x}", "content": {"enabled": True}}}
    assert "s3:PutBucketVersioning" in asked(needs(bucket(bucket="a", dynamic=dynamic)))


def test_a_reference_to_a_resource_is_given_for_sure(needs: Any) -> None:
    resources = {"aws_instance": {"web": {"iam_instance_profile": "${aws_iam_instance_profile.p.name}"}}}
    assert {sure for _, sure in asked(needs(resources))["iam:PassRole"]} == {True}
