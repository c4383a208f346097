"""Errors that only look like denials are named by kind."""

from __future__ import annotations

import pytest

from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.look_alikes import (
    find_look_alike_in,
    find_look_alikes,
    of_error_code,
    of_other_codes,
    of_reason,
)
from koding_audit.denials.passage import Passage


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The security token included in the request is expired", "credentials"),
        ("SignatureDoesNotMatch: The request signature we calculated does not match", "signature"),
        ("RequestTimeTooSkewed: The difference between", "clock"),
        ("Rate exceeded (Service: AmazonEC2; Status Code: 403; Error Code: RequestLimitExceeded)", "quota"),
        ("STS is not activated in this region for account:210987654321", "region"),
        (
            "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access",
            "public-access-block",
        ),
        ("OptInRequired: You are not subscribed to this service", "subscription"),
        ('Error from server (Forbidden): pods is forbidden: User "kim" cannot list resource "pods"', "rbac"),
        ("User: x is not authorized to perform: ecs:servers:list", "other"),
        ("bash: ./deploy.sh: Permission denied", "other"),
    ],
)
def test_an_error_is_named_by_its_kind(text: str, kind: str, tables: DenialTables) -> None:
    found = find_look_alikes(Passage(text), tables)[0]
    assert found.kind == kind
    assert found.text
    assert found.advice


def test_a_text_without_one_has_none(tables: DenialTables) -> None:
    assert find_look_alikes(Passage("all is well"), tables) == ()
    assert find_look_alike_in("all is well", tables) is None
    assert of_reason("becauseofpublicpoliciesareprevented", tables)
    assert of_reason("becausenothing", tables) is None


def test_an_unknown_code_is_another_error_and_a_denials_code_is_not() -> None:
    error = "An error occurred ({}) when calling the X operation: y"
    assert of_other_codes(Passage(error.format("WidgetInUse"))) == (of_error_code("WidgetInUse"),)
    assert of_other_codes(Passage(error.format("AccessDenied"))) == ()
    assert of_other_codes(Passage(error.format("404"))) == ()
