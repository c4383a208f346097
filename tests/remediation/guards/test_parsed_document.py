"""A document as the guards decide about it: its statements about an action, for a holder of a name."""

from __future__ import annotations

import json
from typing import Any

from koding_audit.policy.evaluation import Context
from koding_audit.remediation.guards.parsed_document import ParsedDocument, parse_for_name

KEYS = frozenset({"aws:username"})
USER = "arn:aws:iam::123456789012:user"


def parsed(*statements: dict[str, Any], own: str = "") -> ParsedDocument:
    return parse_for_name(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), own)


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_the_statements_about_an_action_are_found_in_any_case_and_by_wildcards() -> None:
    document = parsed(allow("iam:*"), allow("s3:GetObject"), {**allow("IAM:passrole"), "Effect": "Deny"})
    assert [each.index for each in document.statements_about("iam:PassRole")] == [0, 2]
    assert document.statements_about("iam:PassRole") is document.statements_about("iam:PassRole")
    assert document.has_statement_about("iam:PassRole", "Deny")
    assert not document.has_statement_about("s3:GetObject", "Deny")


def test_an_invalid_document_has_no_statements_of_its_own() -> None:
    document = parse_for_name("{", "")
    assert (document.document, document.restrict_to("iam:PassRole")) == (None, None)


def test_the_name_of_a_holder_replaces_the_variable() -> None:
    context = Context.from_values({}, [], complete=False)
    own = allow("iam:CreateAccessKey", USER + "/${aws:username}")
    assert list(parsed(own, own="ada").resource_patterns("iam:CreateAccessKey", context)) == [f"{USER}/ada"]


def test_a_document_is_about_its_holder_by_a_variable_a_condition_or_its_name() -> None:
    assert parsed(allow("s3:*", "arn:aws:s3:::${aws:username}")).names_holder("ada", KEYS)
    condition = {"StringEquals": {"aws:username": "bob"}}
    assert parsed(allow("s3:*", Condition=condition)).names_holder("ada", KEYS)
    assert parsed(allow("iam:*", f"{USER}/ada")).names_holder("ada", KEYS)
    assert not parsed(allow("iam:*", f"{USER}/bob")).names_holder("ada", KEYS)


def test_two_actions_with_the_same_statements_have_the_same_restricted_document() -> None:
    document = parsed(allow("iam:*", f"{USER}/*"), allow("s3:*"))
    assert document.restrict_to("iam:PassRole") == document.restrict_to("iam:CreateUser")
    assert document.restrict_to("iam:PassRole") != document.restrict_to("s3:GetObject")
