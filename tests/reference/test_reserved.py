"""Names and paths that AWS reserves, and its policies for service-linked roles."""

from __future__ import annotations

import pytest

from koding_audit.reference import reserved
from koding_audit.reference.managed_policies import load_managed_policies
from koding_audit.reference.reserved import load_reserved_names
from koding_audit.reference.tables import read_rows

NAMES = load_reserved_names()


@pytest.mark.parametrize(
    ("name", "path", "is_reserved"),
    [
        ("AWSServiceRoleForSupport", "/aws-service-role/support.amazonaws.com/", True),
        ("AWSServiceRoleForSupport", "/", True),
        ("AWSReservedSSO_Admin_0a1b", "/aws-reserved/sso.amazonaws.com/", True),
        ("plain", "/aws-reserved/other/", True),
        ("plain", "/team/aws-reserved/", False),
        ("MyAWSServiceRoleForX", "/", False),
        ("plain", "", False),
    ],
)
def test_a_role_belongs_to_aws_by_its_name_or_its_path(name: str, path: str, is_reserved: bool) -> None:
    assert NAMES.is_reserved_role(name, path) is is_reserved


def test_a_policy_of_a_service_linked_role_is_known_by_its_path() -> None:
    assert NAMES.is_for_service_linked_roles("aws-service-role/AWSSupportServiceRolePolicy")
    assert not NAMES.is_for_service_linked_roles("service-role/AWSConfigRole")
    names = [arn.partition("policy/")[2] for arn in load_managed_policies()]
    assert sum(map(NAMES.is_for_service_linked_roles, names)) > 300


def test_what_is_only_inferred_reserves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not NAMES.is_for_service_linked_roles("root-task/IAMAuditRootUserCredentials")
    row = {"of": "role path", "starts_with": "/", "inferred": True}
    rows = (*read_rows("reserved_names"), row, row | {"of": "policy"}, row | {"of": "role name"})
    monkeypatch.setattr(reserved, "read_rows", lambda _name: rows)
    assert not load_reserved_names().is_reserved_path("/")
