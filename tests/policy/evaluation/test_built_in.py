"""What AWS answers the same for every policy."""

from __future__ import annotations

import pytest

from koding_audit.policy.evaluation import AccessRequest, Context, Decision, Policies, Policy, compile_document, decide
from tests.values import REFERENCE

USER = "arn:aws:iam::123456789012:user/ada"
SESSION = "arn:aws:sts::123456789012:assumed-role/app/i-1"


def decide_for(action: str, resource: str = "*", principal: str = USER, effect: str = "Allow") -> Decision:
    document = {"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "*", "Resource": "*"}}
    own = Policy("user ada", "p", compile_document(document))
    return decide(AccessRequest(action, resource, principal, Context()), Policies(identity=(own,)), REFERENCE)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        (
            "iam:AttachRolePolicy",
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x",
        ),
        ("kms:DeleteAlias", "arn:aws:kms:eu-west-1:123456789012:alias/aws/s3"),
    ],
)
def test_what_aws_owns_is_refused_for_that_reason_and_no_statement_is_named(action: str, resource: str) -> None:
    found = decide_for(action, resource)
    assert found.verdict == "implicit-deny"
    (reason,) = found.reasons
    assert (reason.layer, reason.statement) == ("aws-owned", None)
    assert reason.why.startswith(f"{resource} is a")


def test_a_service_may_change_what_aws_owns() -> None:
    found = decide_for("iam:DeleteRole", "arn:aws:iam::123456789012:role/aws-service-role/x/Y", "x.amazonaws.com")
    assert all(each.layer != "aws-owned" for each in found.reasons)


def test_what_needs_no_permission_is_allowed_in_spite_of_a_deny() -> None:
    assert decide_for("sts:GetCallerIdentity", effect="Deny").verdict == "allowed"


def test_a_session_cannot_ask_for_a_session_token() -> None:
    assert decide_for("sts:GetSessionToken").verdict == "allowed"
    assert decide_for("sts:GetSessionToken", principal=SESSION).verdict == "implicit-deny"
