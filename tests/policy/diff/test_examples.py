"""Documents with example values for their variables."""

from __future__ import annotations

import pytest

from koding_audit.policy.diff.examples import example_documents
from koding_audit.policy.document import parse_document
from tests.policy.diff.policies import Json, allow, between, policy, when

HOME = "arn:aws:s3:::home/${aws:username}"
REGISTRY = "arn:aws:s3:::*-registry-${aws:RequestedRegion}"


def test_a_condition_on_another_key_whose_values_hold_a_variable_is_another_condition() -> None:
    old, new = (
        allow(**when("StringEquals", f"ec2:ResourceTag/{key}", "${aws:PrincipalTag/cluster}"))
        for key in ("cluster", "cluster-name")
    )
    found = between(old, new)
    assert found.verdict == "different"
    assert found.gained[0].condition == (
        "aws:principaltag/cluster is example and not (ec2:resourcetag/cluster StringEquals example) "
        "and ec2:resourcetag/cluster-name StringEquals example"
    )
    assert found.lost


@pytest.mark.parametrize(
    ("old", "new", "resource"),
    [
        (allow(resource=HOME), allow(resource=f"{HOME}*"), "arn:aws:s3:::home/example*"),
        (allow(resource=f"{REGISTRY}/*"), allow(resource=[f"{REGISTRY}/*", f"{REGISTRY}?/*"]), "us-east-1?/*"),
    ],
)
def test_a_resource_with_a_variable_is_compared_by_an_example_of_the_variable(
    old: Json, new: Json, resource: str
) -> None:
    (change,) = between(old, new).gained
    assert change.resource.endswith(resource)
    assert " is " in change.condition
    assert not between(old, new).lost


def test_the_values_of_an_example_are_not_shown_where_values_are_left_out() -> None:
    (old,) = (parse_document(policy(allow(resource=each))) for each in (HOME,))
    (pair,) = example_documents([old], [old])
    assert pair.describe(values=True) == "aws:username is example"
    assert pair.describe(values=False) == "aws:username has an example value"


def test_a_resource_that_only_a_user_with_another_name_could_show_is_no_difference() -> None:
    ann = when("StringEquals", "aws:username", "ann")
    both, one = (allow(resource=each, **ann) for each in ([HOME, "arn:aws:s3:::home/ann"], "arn:aws:s3:::home/ann"))
    assert between(both, one).verdict == "undecided"


@pytest.mark.parametrize(
    "document",
    [
        policy(allow(resource=HOME), version="2008-10-17"),
        policy(allow(resource=HOME, Principal="*")),
        policy(allow(resource="arn:aws:iam::${aws:PrincipalAccount}:role/a")),
        policy(allow(resource="arn:aws:s3:::home/${aws:SourceVpc}", **when("IpAddress", "aws:SourceIp", "10.0.0.0/8"))),
        policy(allow(resource="arn:aws:s3:::${aws:RequestTag/a}", **when("StringEquals", "aws:TagKeys", "a"))),
    ],
    ids=["text in the old version", "principals", "before the fifth colon", "one of a family", "a tag of the request"],
)
def test_no_example_is_made_where_its_values_could_contradict_each_other(document: Json) -> None:
    parsed = parse_document(document)
    assert not list(example_documents([parsed], [parsed]))
