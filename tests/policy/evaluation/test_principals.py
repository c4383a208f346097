"""Who asks, and how a Principal element names them."""

from __future__ import annotations

import pytest

from koding_audit.policy.document import Principals
from koding_audit.policy.evaluation.context import Context
from koding_audit.policy.evaluation.principals import Grant, Requester, parse_requester, principal_grant
from koding_audit.policy.evaluation.request import AccessRequest
from tests.values import REFERENCE

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/team/ada"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/app"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/i-1"


def requester(arn: str, *, session_policy: bool = False, **keys: str) -> Requester:
    context = Context.from_values({f"aws:{name}": value for name, value in keys.items()}, complete=True)
    return parse_requester(AccessRequest("s3:GetObject", "*", arn, context), session_policy=session_policy)


def grant(value: str, arn: str, kind: str = "AWS", *, allows: bool = True, negated: bool = False) -> Grant:
    return principal_grant(Principals(((kind, value),), negated), requester(arn), allows=allows)


@pytest.mark.parametrize(
    ("arn", "kind", "account"),
    [
        (ACCOUNT, "root", ACCOUNT),
        (f"arn:aws:iam::{ACCOUNT}:root", "root", ACCOUNT),
        (USER, "user", ACCOUNT),
        (ROLE, "role", ACCOUNT),
        (SESSION, "session", ACCOUNT),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/ada", "federated", ACCOUNT),
        (f"arn:aws:iam::{ACCOUNT}:saml-provider/x", "outside", ACCOUNT),
        ("lambda.amazonaws.com", "outside", ""),
        ("*", "outside", ""),
    ],
)
def test_who_asks_is_known_by_its_arn(arn: str, kind: str, account: str) -> None:
    found = requester(arn)
    assert (found.kind, found.account) == (kind, account)


def test_a_session_has_the_name_of_its_role_and_where_it_is_known_its_arn() -> None:
    assert (requester(SESSION).role_name, requester(SESSION).role_arn) == ("app", "")
    assert requester(SESSION, principalarn=ROLE).role_arn == ROLE
    assert requester(ROLE).role_arn == ROLE


def test_a_service_linked_role_is_known_by_its_path_or_its_name() -> None:
    linked = "AWSServiceRoleForECS"
    assert requester(f"arn:aws:sts::{ACCOUNT}:assumed-role/{linked}/x").is_service_linked(REFERENCE.reserved)
    assert requester(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/{linked}").is_service_linked(
        REFERENCE.reserved
    )
    assert not requester(SESSION).is_service_linked(REFERENCE.reserved)


@pytest.mark.parametrize(
    ("value", "arn", "expected"),
    [
        ("*", USER, Grant.DIRECT),
        (USER, USER, Grant.DIRECT),
        (ACCOUNT, USER, Grant.ACCOUNT),
        (f"arn:aws:iam::{ACCOUNT}:root", USER, Grant.ACCOUNT),
        (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, Grant.DIRECT),
        (ROLE, ROLE, Grant.ROLE),
        (ROLE, SESSION, Grant.ROLE),
        (SESSION, SESSION, Grant.DIRECT),
        ("210987654321", USER, Grant.NONE),
        (f"arn:aws:iam::{ACCOUNT}:user/team/*", USER, Grant.NONE),
    ],
)
def test_the_way_in_which_somebody_is_named_decides_what_binds_the_grant(value: str, arn: str, expected: Grant) -> None:
    assert grant(value, arn) is expected


def test_a_service_is_named_by_its_own_name_only() -> None:
    assert grant("lambda.amazonaws.com", "lambda.amazonaws.com", "Service") is Grant.DIRECT
    assert grant("ec2.amazonaws.com", "lambda.amazonaws.com", "Service") is Grant.NONE
    assert grant("lambda.amazonaws.com", USER, "Service") is Grant.NONE


def test_whom_not_principal_names_is_left_out_of_an_allow_and_of_a_deny() -> None:
    other = f"arn:aws:iam::{ACCOUNT}:user/eve"
    for allows in (True, False):
        assert grant(USER, USER, negated=True, allows=allows) is Grant.NONE
        assert grant(USER, other, negated=True, allows=allows) is Grant.DIRECT
    # The account alone exempts nobody from a Deny.
    assert grant(ACCOUNT, USER, negated=True, allows=False) is Grant.DIRECT
    assert grant(ACCOUNT, USER, negated=True, allows=True) is Grant.NONE


def test_a_wildcard_within_a_name_is_not_guessed_at_in_a_deny() -> None:
    assert grant(f"arn:aws:iam::{ACCOUNT}:user/team/*", USER, allows=False) is Grant.MAYBE
    assert grant("79a59df900b949e5", USER, "CanonicalUser") is Grant.MAYBE


@pytest.mark.parametrize(
    ("named", "requester"),
    [
        (SESSION, SESSION.rpartition("/")[0] + "/*"),
        (USER, f"arn:aws:iam::{ACCOUNT}:user/*"),
    ],
)
def test_any_session_of_a_role_and_any_member_of_a_group_may_or_may_not_be_who_is_named(
    named: str, requester: str
) -> None:
    assert grant(named, requester) is Grant.MAYBE_DIRECT
    assert grant(named, requester, negated=True, allows=False) is Grant.MAYBE
    assert grant(f"arn:aws:iam::210987654321:{named.split(':', 5)[5]}", requester) is Grant.NONE
