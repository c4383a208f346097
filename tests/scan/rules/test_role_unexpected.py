"""role-unexpected: a role that no file declares."""

from __future__ import annotations

from koding_audit.scan.rules import role_unexpected
from tests.values import compare, desired, ignore, line, live_role, role, snapshot


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
