"""What is known of a holder of policies, and what its policies then say."""

from __future__ import annotations

import json

import pytest

from koding_audit.policy.document import parse_document
from koding_audit.remediation.guards.holders import STAND_IN_NAME, PolicyHolder, expand_own_name

USER = "arn:aws:iam::123456789012:user"
NAME = "${aws:username}"


@pytest.mark.parametrize(
    ("resource", "own", "expected"),
    [
        (f"{USER}/{NAME}", "ada", f"{USER}/ada"),
        (f"{USER}/{NAME}-*", "ada", f"{USER}/ada-*"),
        (f"{USER}/${{ AWS:UserName , 'x' }}", "ada", f"{USER}/ada"),
        (f"{USER}/{NAME}", STAND_IN_NAME, f"{USER}/{STAND_IN_NAME}"),
        (f"{USER}/*/{NAME}", STAND_IN_NAME, f"{USER}/*/{STAND_IN_NAME}"),
        (f"{USER}/{NAME}-*", STAND_IN_NAME, f"{USER}/{NAME}-*"),
        (f"{USER}/x{NAME}", STAND_IN_NAME, f"{USER}/x{NAME}"),
        (f"{USER}/{NAME}", "", f"{USER}/{NAME}"),
    ],
)
def test_the_own_name_replaces_its_variable_and_a_stand_in_only_a_whole_name(
    resource: str, own: str, expected: str
) -> None:
    for version in ("2012-10-17", "2008-10-17"):
        rule = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": resource}
        found = expand_own_name(parse_document(json.dumps({"Version": version, "Statement": [rule]})), own)
        (statement,) = found.statements
        assert statement.resources is not None
        assert statement.resources.values == ((expected if version == "2012-10-17" else resource),)


def test_a_user_has_an_own_name_and_a_role_has_none() -> None:
    assert PolicyHolder("user", "ada").own_name == "ada"
    assert [each.own_name for each in (PolicyHolder("user"), PolicyHolder("role", "app"))] == ["", ""]
    assert [each.kind for each in PolicyHolder().possible_holders()] == ["user", "role"]
