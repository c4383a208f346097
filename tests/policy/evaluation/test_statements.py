"""A document that is made ready for many questions."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.policy.evaluation.context import Context
from koding_audit.policy.evaluation.statements import CompiledStatement, compile_document
from koding_audit.policy.evaluation.ternary import Unsure

NOTHING = Context.from_values({}, complete=True)


def compiled(**more: Any) -> CompiledStatement:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **more}
    for other, plain in (("NotAction", "Action"), ("NotResource", "Resource")):
        if other in statement:
            del statement[plain]
    (found,) = compile_document({"Version": "2012-10-17", "Statement": [statement]}).statements
    return found


@pytest.mark.parametrize(
    ("said", "action", "covered"),
    [
        ({"Action": "s3:GetObject"}, "s3:getobject", True),
        ({"Action": "s3:Get*"}, "s3:getobject", True),
        ({"Action": "s3:Get?bject"}, "s3:putobject", False),
        ({"Action": "*"}, "s3:getobject", True),
        ({"Action": "*:GetObject"}, "s3:getobject", True),
        ({"NotAction": "s3:*"}, "s3:getobject", False),
        ({"NotAction": "iam:*"}, "s3:getobject", True),
    ],
)
def test_an_action_is_covered_by_its_name_or_a_pattern(said: dict[str, Any], action: str, covered: bool) -> None:
    assert compiled(**said).covers_action(action, "s3") is covered


def test_an_action_without_a_service_is_named_where_it_decides() -> None:
    found = compiled(Action=["*:GetObject", "iam:*"])
    assert found.unclear_action("s3:getobject", "s3") == "*:GetObject"
    assert found.unclear_action("s3:putobject", "s3") == found.unclear_action("iam:getobject", "iam") == ""
    assert compiled(NotAction="*:GetObject").covers_action("s3:getobject", "s3")


@pytest.mark.parametrize(
    ("said", "covered"),
    [
        ({"Resource": "arn:aws:s3:::a/*"}, True),
        ({"Resource": ["arn:aws:s3:::c", "arn:aws:s3:::a/b"]}, True),
        ({"Resource": "arn:aws:s3:::c/*"}, False),
        ({"NotResource": "arn:aws:s3:::a/*"}, False),
        ({"Resource": "arn:aws:s3:::${aws:username}/*"}, False),
    ],
)
def test_a_resource_is_covered_by_a_pattern(said: dict[str, Any], covered: bool) -> None:
    assert compiled(**said).covers_resource("arn:aws:s3:::a/b", NOTHING) is covered


def test_a_variable_in_a_resource_is_filled_in_or_open() -> None:
    own = compiled(Resource="arn:aws:s3:::${aws:username}/*")
    assert (
        own.covers_resource("arn:aws:s3:::ada/b", Context.from_values({"aws:username": "ada"}, complete=True)) is True
    )
    assert isinstance(own.covers_resource("arn:aws:s3:::ada/b", Context.from_values({}, complete=False)), Unsure)


def test_a_document_gives_the_statements_that_can_be_about_a_service() -> None:
    document = compile_document(
        {
            "Statement": [
                {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
                {"Effect": "Allow", "Action": ["iam:GetUser", "s3:GetObject"], "Resource": "*"},
                {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"},
            ]
        }
    )
    assert [each.index for each in document.statements_about("s3")] == [0, 1, 2]
    assert [each.index for each in document.statements_about("iam")] == [1, 2]
    assert [each.index for each in document.statements_about("ec2")] == [2]


def test_one_statement_that_cannot_be_read_leaves_the_others_in_force() -> None:
    found = compile_document(
        {"Statement": [{"Effect": "Maybe", "Action": "s3:*"}, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    ).statements
    assert [(each.index, each.effect, bool(each.unreadable)) for each in found] == [
        (0, "Allow", True),
        (0, "Deny", True),
        (1, "Deny", False),
    ]


@pytest.mark.parametrize("document", ["not JSON", "[]", {"Statement": 7}, {}])
def test_a_document_that_cannot_be_read_may_allow_and_may_deny(document: Any) -> None:
    found = compile_document(document).statements
    assert sorted(each.effect for each in found) == ["Allow", "Deny"]
    assert all(each.unreadable for each in found)


def test_conditions_that_are_not_met_are_named() -> None:
    strict = compiled(Condition={"Bool": {"aws:SecureTransport": "true"}, "Null": {"aws:SourceIp": "true"}})
    assert strict.conditions_met(NOTHING) is False
    assert strict.failing_conditions(NOTHING) == "Bool aws:securetransport"
