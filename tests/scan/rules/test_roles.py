"""Roles: those that are missing, those that nobody declared, and what is told of their attachments and boundary."""

from __future__ import annotations

import pytest

from koding_audit.model.finding import Verb
from koding_audit.scan.rules import boundary_changed, policy_missing, policy_unexpected, role_missing, role_unexpected
from tests.values import (
    aws,
    boundary,
    compare,
    desired,
    ignore,
    line,
    live_role,
    managed,
    own,
    policy_set,
    role,
    snapshot,
)

READ = aws("ReadOnlyAccess")


def test_a_role_that_is_missing_is_an_error_with_the_arn_it_would_have_and_no_fix() -> None:
    wanted = desired(role(path="/web/"))
    (finding,) = role_missing.check(compare(wanted, snapshot(absent=[("role", "app")])))
    assert (finding.subject, finding.fix) == ("arn:aws:iam::123456789012:role/web/app", None)
    assert finding.message == "role app does not exist"


def test_a_role_of_another_case_is_named() -> None:
    (finding,) = role_missing.check(compare(desired(role("App")), snapshot(live_role("app"))))
    assert "but app does: IAM's names are unique ignoring case" in finding.message


def test_a_role_that_was_not_read_is_not_missing() -> None:
    assert list(role_missing.check(compare(desired(role()), snapshot()))) == []


def test_closed_roles_leave_those_of_services_and_identity_center_alone() -> None:
    live = snapshot(
        live_role("app"),
        live_role("stray"),
        live_role("left"),
        live_role("AWSServiceRoleForECS", path="/aws-service-role/ecs.amazonaws.com/"),
        live_role("AWSReservedSSO_Admin_0", path="/aws-reserved/sso.amazonaws.com/"),
        listed=frozenset({"role"}),
    )
    wanted = desired(role("app"), closed={"role": line(9)}, ignore=(ignore("role", "left"),))
    assert [each.subject for each in role_unexpected.check(compare(wanted, live))] == [
        "arn:aws:iam::123456789012:role/stray"
    ]
    assert list(role_unexpected.check(compare(desired(role("app")), live))) == []


def test_a_role_lacks_a_policy_and_has_another_like_any_principal() -> None:
    wanted = desired(policy_set("read", READ), role(required=["read"], exclusive=True))
    comparison = compare(wanted, snapshot(live_role(attached=[own("old")]), policies=managed(READ, own("old"))))
    (missing,) = policy_missing.check(comparison)
    assert missing.fix is not None
    assert (missing.fix.verb, missing.fix.parameters["RoleName"]) == (Verb.ATTACH_ROLE_POLICY, "app")
    (unexpected,) = policy_unexpected.check(comparison)
    assert unexpected.fix is not None
    assert unexpected.fix.verb is Verb.DETACH_ROLE_POLICY


@pytest.mark.parametrize("path", ["/aws-service-role/ecs.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"])
def test_what_a_role_of_aws_lacks_is_told_and_never_fixed(path: str) -> None:
    wanted = desired(policy_set("read", READ), role(required=["read"]))
    (finding,) = policy_missing.check(compare(wanted, snapshot(live_role(path=path), policies=managed(READ))))
    assert finding.fix is None


def test_a_role_has_another_boundary_than_declared() -> None:
    wanted = desired(role(boundary=boundary(own("edge"))))
    (finding,) = boundary_changed.check(compare(wanted, snapshot(live_role())))
    assert finding.message == "role app has no boundary, and is to have boundary customer:edge"
