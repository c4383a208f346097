"""CloudTrail events and decoded messages are read in each form in which tools hand them over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koding_audit.denials.events import find_records, read_record
from koding_audit.denials.knowledge import DenialTables
from koding_audit.denials.values import Denial, LookAlike
from tests.denials.texts import ROLE, SESSION, USER, sentence


def event(source: str = "s3", name: str = "ListBuckets", **more: Any) -> dict[str, Any]:
    identity = {"type": "IAMUser", "arn": USER}
    head = {"eventSource": f"{source}.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1"}
    return {**head, "userIdentity": identity, "errorCode": "AccessDenied", "errorMessage": "Access Denied", **more}


def read(record: dict[str, Any], tables: DenialTables) -> Denial:
    found = read_record(record, tables)
    assert isinstance(found, Denial)
    return found


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(event()),
        json.dumps({"Records": [event()]}, indent=2),
        json.dumps({"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(event())}]}),
        json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": event()}),
        json.dumps([[{"field": "@message", "value": json.dumps(event())}]]),
        f"{json.dumps(event())}\n{json.dumps({'other': 1})}\nnot JSON",
    ],
)
def test_an_event_is_found_in_each_form(text: str) -> None:
    assert find_records(text) == [event()]


@pytest.mark.parametrize(
    "text", ["", "words", "{not JSON", "[1, 2]", '{"a": {"b": "{not JSON eventSource"}}', "[" * 2000]
)
def test_other_texts_have_no_events(text: str) -> None:
    assert find_records(text) == []


@pytest.mark.parametrize(
    ("source", "name", "action"),
    [
        ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        ("s3", "GetBucketCors", "s3:GetBucketCORS"),
        ("lambda", "Invoke", "lambda:InvokeFunction"),
        ("lambda", "CreateFunction20150331", "lambda:CreateFunction"),
        ("lambda", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"),
        ("cloudfront", "CreateDistribution2020_05_31", "cloudfront:CreateDistribution"),
        ("monitoring", "PutMetricData", "cloudwatch:PutMetricData"),
        ("models-v2-lex", "CreateBot", "lex:CreateBot"),
        ("codewhisperer", "GenerateCompletions", None),
        ("strange.host", "X", None),
    ],
)
def test_an_events_name_becomes_the_action_that_iam_has(
    source: str, name: str, action: str | None, tables: DenialTables
) -> None:
    found = read(event(source, name), tables)
    assert (found.principal, found.action, found.inferred) == (USER, action, action is not None)
    assert (found.effect, found.layer, found.region) == ("unknown", "unknown", "eu-west-1")


def test_the_sentence_in_an_event_wins_over_its_name(tables: DenialTables) -> None:
    session = {
        "type": "AssumedRole",
        "arn": SESSION,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}},
    }
    message = sentence("iam:PassRole", ROLE, "permissions boundary")
    found = read(event("lambda", "CreateFunction20150331", errorMessage=message, userIdentity=session), tables)
    assert (found.principal, found.action, found.layer, found.role) == (SESSION, "iam:PassRole", "boundary", ROLE)
    assert not found.inferred


def test_the_resource_is_the_one_that_the_action_is_used_on(tables: DenialTables) -> None:
    resources = [{"ARN": "arn:aws:s3:::acme"}, {"ARN": "arn:aws:s3:::acme/key"}]
    assert read(event(name="GetBucketCors", resources=resources), tables).resource == "arn:aws:s3:::acme"
    assert read(event(name="DeleteObjects", resources=resources[:1]), tables).resource is None
    assert read(event(name="GetBucketCors", resources="odd"), tables).resource is None


def test_a_lost_message_leaves_the_action_open(tables: DenialTables) -> None:
    found = read(event("autoscaling", "UpdateAutoScalingGroup", errorMessage="An unknown error occurred"), tables)
    assert (found.action, found.operation) == (None, "autoscaling:UpdateAutoScalingGroup")


@pytest.mark.parametrize(
    ("identity", "hint"),
    [
        ({"type": "IdentityCenterUser"}, "Identity Center user"),
        ({"type": "AWSAccount", "accountId": "1"}, "a principal of another account"),
        ({"type": "AWSService", "invokedBy": "x"}, "a service of AWS"),
        ("odd", ""),
    ],
)
def test_a_principal_without_an_arn_is_not_guessed(identity: Any, hint: str, tables: DenialTables) -> None:
    found = read(event(userIdentity=identity), tables)
    assert (found.principal, found.hint) == (None, hint)


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("Client.AuthFailure", "AWS was not able to validate the provided access credentials", "credentials"),
        ("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.", "credentials"),
        ("ThrottlingException", "Rate exceeded", "quota"),
        ("WidgetInUse", "", "other"),
    ],
)
def test_another_error_of_an_event_is_no_denial(code: str, message: str, kind: str, tables: DenialTables) -> None:
    found = read_record(event(errorCode=code, errorMessage=message), tables)
    assert isinstance(found, LookAlike)
    assert found.kind == kind


def test_an_event_without_an_error_reports_nothing(tables: DenialTables) -> None:
    fine = {name: value for name, value in event().items() if not name.startswith("error")}
    assert read_record(fine, tables) is None
    assert read_record({**fine, "errorMessage": "odd"}, tables) is None


@pytest.mark.parametrize(("explicit", "effect"), [(True, "explicit-deny"), (False, "implicit-deny")])
def test_a_decoded_message_is_read(explicit: bool, effect: str, tables: DenialTables) -> None:
    context = {"principal": {"arn": USER}, "action": "iam:PassRole", "resource": ROLE}
    decoded = {"allowed": False, "explicitDeny": explicit, "context": context}
    for text in (json.dumps(decoded), json.dumps({"DecodedMessage": json.dumps(decoded)})):
        (record,) = find_records(text)
        found = read_record(record, tables)
        assert found == Denial(principal=USER, action="iam:PassRole", resource=ROLE, effect=effect)  # type: ignore[arg-type]
    assert read_record({**decoded, "allowed": True}, tables) is None
    assert read_record({"allowed": False, "context": {}}, tables) == Denial(effect="implicit-deny")
