"""What one layer of policies says of a request."""

from __future__ import annotations

from typing import Any

from koding_audit.policy.evaluation.context import Context
from koding_audit.policy.evaluation.layers import Layer, ParsedRequest, consult_layer
from koding_audit.policy.evaluation.principals import Grant, parse_requester
from koding_audit.policy.evaluation.request import AccessRequest, Policy, PolicyType
from koding_audit.policy.evaluation.statements import compile_document
from koding_audit.policy.evaluation.ternary import Unsure

USER = "arn:aws:iam::123456789012:user/ada"


def layer(
    *statements: dict[str, Any], kind: PolicyType = "identity", complete: bool = True, bounded: bool = False
) -> Layer:
    """What policies of one statement each say of s3:GetObject on arn:aws:s3:::a/b."""
    context = Context.from_values({}, complete=complete)
    who = parse_requester(AccessRequest("s3:GetObject", "*", USER, context), session_policy=False)
    asked = ParsedRequest("s3:getobject", "s3:GetObject", "s3", True, "arn:aws:s3:::a/b", context, who, bounded)
    policies = [
        Policy("user ada", f"p{number}", compile_document({"Statement": [each]}))
        for number, each in enumerate(statements)
    ]
    return consult_layer(kind, "policies of user ada", policies, asked)


def allow(action: str = "s3:*", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(**more: Any) -> dict[str, Any]:
    return {**allow(**more), "Effect": "Deny"}


def test_a_layer_allows_and_denies_by_its_statements() -> None:
    both = layer(allow(), deny())
    assert (both.allow, both.deny) == (True, True)
    assert [hit.statement.effect for hit in both.hits] == ["Allow", "Deny"]
    assert (layer().allow, layer().deny) == (False, False)


def test_one_allow_is_enough_and_a_statement_about_another_action_is_not_looked_at() -> None:
    found = layer(allow("ec2:*"), allow(), allow())
    assert [hit.policy.name for hit in found.hits] == ["p1"]
    assert found.near_misses == []


def test_what_keeps_a_statement_from_applying_is_kept() -> None:
    found = layer(
        allow(resource="arn:aws:s3:::other/*"),
        allow(Condition={"Bool": {"aws:SecureTransport": "true"}}),
    )
    assert found.allow is False
    assert [(hit.policy.name, hit.missed) for hit in found.near_misses] == [("p0", "resource"), ("p1", "condition")]


def test_an_open_condition_leaves_the_layer_unsure() -> None:
    found = layer(allow(Condition={"Bool": {"aws:SecureTransport": "true"}}), complete=False)
    assert found.allow == Unsure(keys=frozenset({"aws:securetransport"}))


def test_the_names_of_policies_that_only_limit_are_kept() -> None:
    assert layer(allow(), allow(), kind="boundary").limiting_policies == "p0, p1"
    assert layer(allow()).limiting_policies == ""


def test_rcps_allow_where_none_of_them_says_what_is_allowed() -> None:
    assert layer(deny(action="s3:PutObject", Principal="*"), kind="rcp").allow is True
    assert layer(deny(action="s3:PutObject"), kind="scp").allow is False


def test_a_policy_of_a_resource_says_whom_it_is_about() -> None:
    everybody = layer(allow(Principal="*"), kind="resource")
    assert everybody.grants == {Grant.DIRECT: True}
    other = layer(allow(Principal={"AWS": "210987654321"}), kind="resource")
    assert (other.allow, other.hits, other.near_misses) == (False, [], [])
    nobody = layer(allow(), kind="resource")
    assert isinstance(nobody.allow, Unsure)
    assert isinstance(layer(allow(Principal="*")).allow, Unsure), "an identity's policy has no Principal"
