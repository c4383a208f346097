"""Policy documents, normalised: what is the same, and what IAM would not take."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from koding_audit.policy.document import (
    Condition,
    DocumentError,
    Patterns,
    Principals,
    has_wildcard_service,
    parse_document,
)

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def document(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def test_documents_that_differ_in_taste_only_are_equal() -> None:
    plain = parse_document(document(STATEMENT))
    other = {"Statement": {"Resource": ["*"], "Action": ["S3:getobject", "s3:GetObject"], "Effect": "Allow"}}
    assert parse_document({**other, "Version": "2012-10-17", "Id": "x"}) == plain
    for text in (json.dumps(document(STATEMENT)), quote(json.dumps(document(STATEMENT)))):
        assert parse_document(text) == plain


def test_an_action_is_kept_as_it_was_written_for_messages() -> None:
    actions = parse_document(document({**STATEMENT, "Action": ["S3:getobject", "s3:GetObject"]})).statements[0].actions
    assert actions == Patterns(("s3:getobject",))
    assert actions.written == ("S3:getobject",)


def test_everybody_is_one_principal_in_either_form() -> None:
    (bare,) = parse_document(document({**STATEMENT, "Principal": "*"})).statements
    (named,) = parse_document(document({**STATEMENT, "Principal": {"AWS": "*"}})).statements
    assert bare.principals == named.principals == Principals((("AWS", "*"),))


def test_a_condition_is_taken_apart() -> None:
    tag = {"aws:RequestTag/Team": ["b", "a"]}
    said = {"ForAnyValue:StringLikeIfExists": tag, "Bool": {"AWS:SecureTransport": True}}
    assert parse_document(document({**STATEMENT, "Condition": said})).statements[0].conditions == (
        Condition("Bool", "aws:securetransport", ("true",)),
        Condition("StringLike", "aws:requesttag/Team", ("a", "b"), "ForAnyValue", if_exists=True),
    )


def test_a_document_without_a_version_is_of_the_old_language() -> None:
    assert parse_document({"Statement": STATEMENT}).version == "2008-10-17"


@pytest.mark.parametrize(
    ("found", "element"),
    [
        ({"Statement": STATEMENT, "Version": "2020-01-01"}, "Version"),
        ({"Version": "2012-10-17"}, "Statement"),
        (document(STATEMENT, Statements=[]), "the document"),
        (document({**STATEMENT, "Effect": "allow"}), "Statement[0].Effect"),
        (document({"Effect": "Allow", "Resource": "*"}), "Statement[0]"),
        (document(STATEMENT, {**STATEMENT, "NotAction": "a:b"}), "Statement[1]"),
        (document({**STATEMENT, "Action": 7.5, "NotResource": "*"}), "Statement[0]"),
        (document({**STATEMENT, "Sid": 7}), "Statement[0].Sid"),
        (document({**STATEMENT, "Principal": {"Aws": "*"}}), "Statement[0].Principal"),
        (document({**STATEMENT, "Condition": []}), "Statement[0].Condition"),
        ("[]", "the document"),
        ('{"Statement": [], "Statement": []}', "the document"),
        ("{", "the document"),
        ('{"Statement": NaN}', "the document"),
    ],
)
def test_what_iam_would_not_take_is_refused_with_the_element(found: Any, element: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_document(found, where="edge")
    assert caught.value.element == element
    assert caught.value.message.startswith(f"edge: {element}: ")


@pytest.mark.parametrize("action", ["*:GetObject", "*:Get*", "s?:GetObject", "?*:*", "s*:*"])
def test_an_action_with_a_wildcard_before_the_colon_has_no_clear_service(action: str) -> None:
    assert has_wildcard_service(action)


@pytest.mark.parametrize("action", ["*", "*:*", "s3:*", "s3:?etObject", "s3:GetObject"])
def test_every_action_and_the_actions_of_one_service_are_clear(action: str) -> None:
    assert not has_wildcard_service(action)
