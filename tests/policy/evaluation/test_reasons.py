"""Why: the statements behind a verdict, and what keeps those from applying that nearly do."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.policy.evaluation import (
    AccessRequest,
    Context,
    Decision,
    Policies,
    Policy,
    Reason,
    UnreadLayer,
    compile_document,
    decide,
    find_unknown_causes,
)
from tests.values import REFERENCE

USER = "arn:aws:iam::123456789012:user/ada"


def decided(*statements: dict[str, Any], complete: bool = True, **more: Any) -> Decision:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    own = Policy("user ada", "own", compile_document(document))
    request = AccessRequest("s3:GetObject", "arn:aws:s3:::a/b", USER, Context.from_values({}, complete=complete))
    return decide(request, Policies(identity=(own,), **more), REFERENCE)


def allow(resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:*", "Resource": resource, **more}


def test_a_denial_and_a_grant_are_told_by_their_statements() -> None:
    (reason,) = decided(allow(), {**allow(), "Effect": "Deny", "Sid": "No"}).reasons
    assert (reason.policy, reason.statement, reason.sid, reason.effect) == ("own", 1, "No", "Deny")
    (reason,) = decided(allow()).reasons
    assert (reason.layer, reason.statement, reason.effect) == ("user ada", 0, "Allow")


def test_where_nothing_allows_the_statements_that_nearly_do_are_told_at_most_five() -> None:
    first, *near = decided(*[allow("arn:aws:s3:::other/*")] * 9).reasons
    assert (first.statement, first.policy) == (None, "")
    assert "s3:GetObject" in first.why
    assert [each.statement for each in near] == [0, 1, 2, 3, 4]


def test_a_condition_that_is_not_met_is_named() -> None:
    *_, near = decided(allow(Condition={"Bool": {"aws:SecureTransport": "true"}})).reasons
    assert "Bool aws:securetransport" in near.why


def test_a_vpc_endpoint_policy_that_does_not_allow_is_named() -> None:
    put = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "*"}
    endpoint = Policy("VPC endpoint policy", "vpce.json", compile_document({"Statement": [put]}))
    (reason,) = decided(allow(), vpce=endpoint).reasons
    assert (reason.layer, reason.policy, reason.statement) == ("VPC endpoint policy", "vpce.json", None)
    assert reason.why == "no statement allows s3:GetObject on arn:aws:s3:::a/b"


def test_a_principal_that_a_gateway_endpoint_would_not_take_is_told() -> None:
    account = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "*", "Resource": "*"}
    endpoint = Policy("VPC endpoint policy", "vpce.json", compile_document({"Statement": [account]}))
    (reason,) = decided(allow(), vpce=endpoint).reasons
    assert reason.why == "its Principal may or may not include the requester at a gateway endpoint"


def test_an_action_without_a_service_is_named_beside_the_verdict() -> None:
    no_service = {"Effect": "Allow", "Action": "*:GetObject", "Resource": "*"}
    *_, near = decided(no_service).reasons
    assert near.why == "*:GetObject names no service, so it matches no action"
    denied = decided(allow(), {**no_service, "Effect": "Deny"})
    assert (denied.verdict, [each.why for each in denied.reasons]) == ("unknown", ["*:GetObject names no service"])


def test_what_is_open_or_unread_is_named() -> None:
    found = decided(allow(Condition={"Bool": {"aws:SecureTransport": "true"}}), complete=False)
    assert found.verdict == "unknown"
    assert "aws:securetransport" in found.reasons[0].why
    unread = decided(unread=(UnreadLayer("identity", "inline policies of group Ops"),))
    assert "inline policies of group Ops" in [each.layer for each in unread.reasons]


@pytest.mark.parametrize(
    ("decision", "causes"),
    [
        (decided(allow(Condition={"Bool": {"aws:SecureTransport": "true"}}), complete=False), {"keys"}),
        (decided(unread=(UnreadLayer("identity", "policy P"),)), {"identity"}),
        (decided(allow(), unread=(UnreadLayer("boundary", "policy B"),)), {"identity"}),
        (decided(allow(), {"Effect": "Deny", "Action": "*:GetObject", "Resource": "*"}), {"statement"}),
    ],
    ids=lambda each: "-".join(sorted(each)) if isinstance(each, set) else "",
)
def test_the_causes_of_an_unknown_verdict_are_told_apart(decision: Decision, causes: set[str]) -> None:
    assert (decision.verdict, find_unknown_causes(decision)) == ("unknown", causes), decision


@pytest.mark.parametrize(
    ("layer", "why", "causes"),
    [
        ("scp", "was not read", {"scp"}),
        ("rcp", "was not read", {"rcp"}),
        ("resource", "was not read", {"resource"}),
        ("session", "was not read", {"session"}),
        ("policy P", "was not read", {"identity"}),
        ("a", "depends on aws:a, aws:b", {"keys"}),
        ("a", "aws:a has several values, so it cannot be a policy variable", {"keys"}),
        ("a", "StringEquals aws:a: a policy variable has no value", {"keys"}),
        ("a", "DateLessThan aws:a: the value in the request is not a valid date", {"keys"}),
        ("a", "its Principal may or may not include the requester", {"requester"}),
        ("a", "whether RCPs apply to x is not known: this tool's data are of 2026-10-01", {"data"}),
        ("a", "depends on aws:a; NotPrincipal is not supported with Allow", {"keys", "statement"}),
        ("VPC endpoint", "whether it can deny x is not documented", {"statement"}),
    ],
)
def test_each_reason_has_its_cause(layer: str, why: str, causes: set[str]) -> None:
    assert find_unknown_causes(Decision("unknown", (Reason(layer, "", None, "", "", why),))) == causes
