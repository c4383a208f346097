"""Whom CloudTrail's events name since a credential report, and what is not taken for no change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.credential_changes import MAX_PAGES, REPORT_MARGIN, event_region, list_changed_users
from koding_audit.model.errors import CallError
from koding_audit.reference.credential_events import load_credential_events
from tests.aws.accounts import event, events
from tests.servers.replay import Replay, identity, recorded

MADE = datetime(2026, 11, 23, 17, 0, tzinfo=timezone.utc)


def only(*rows: Any, name: str = "CreateAccessKey") -> Any:
    """CloudTrail has these events of one name, and none of another."""
    return lambda call: recorded({"Events": rows if name in str(call.parameters) else []})


def changed(replay: Replay, connection: Connection, *rows: Any) -> frozenset[str]:
    replay.answer("LookupEvents", only(*rows))
    return list_changed_users(connection, MADE)


def test_each_event_is_looked_up_by_its_name_from_some_minutes_before_the_report_on(
    replay: Replay, connection: Connection
) -> None:
    replay.answer("LookupEvents", events({"CreateAccessKey": ["ADA"], "UpdateUser": ["grace"]}))
    assert list_changed_users(connection, MADE) == {"ada", "grace"}
    asked = [call for call in replay.calls if call.service == "cloudtrail"]
    names = [each.parameters["LookupAttributes"] for each in asked]
    assert names == [
        [{"AttributeKey": "EventName", "AttributeValue": name}] for name in load_credential_events().sources
    ]
    start = (MADE - REPORT_MARGIN).timestamp()
    assert {float(each.parameters["StartTime"]) for each in asked} == {start}
    assert timedelta(minutes=5) <= REPORT_MARGIN


REQUEST = "CreateAccessKey"
CALLER = {"type": "IAMUser", "userName": "me"}


@pytest.mark.parametrize(
    ("row", "names"),
    [
        (event(REQUEST, {"userName": "ada"}), {"ada"}),
        (event(REQUEST, {"userName": "Ada", "newUserName": "Grace"}), {"ada", "grace"}),
        (event(REQUEST, None, responseElements={"accessKey": {"userName": "ada"}}), {"ada"}),
        (event(REQUEST, None, responseElements={"loginProfile": {"userName": "ada"}}), {"ada"}),
        (event(REQUEST, None, userIdentity=CALLER), {"me"}),
        (event(REQUEST, {}, userIdentity=CALLER), {"me"}),
        (event(REQUEST, None, userIdentity={"type": "Root"}), set()),
        (event(REQUEST, {"userName": "ada"}, userIdentity={"type": "Root"}), {"ada"}),
        (event(REQUEST, None, errorCode="AccessDenied"), set()),
        (event(REQUEST, {"userId": "1"}, eventSource="identitystore.amazonaws.com"), set()),
    ],
)
def test_an_event_is_about_the_users_in_it_or_about_its_caller(
    row: Any, names: set[str], replay: Replay, connection: Connection
) -> None:
    assert changed(replay, connection, row) == names


@pytest.mark.parametrize(
    "row",
    [
        event(REQUEST),  # a role called, and no user is named
        event(REQUEST, {"userName": 7}),
        event(REQUEST, {"userName": ""}),
        {"CloudTrailEvent": "{"},
        {"CloudTrailEvent": "[]"},
        {"CloudTrailEvent": "[" * 10_000},
        {"EventName": REQUEST},
        {"CloudTrailEvent": '{"eventSource": "iam.amazonaws.com", "requestParameters": []}'},
    ],
    ids=str,
)
def test_an_event_that_names_nobody_is_an_error_and_not_no_change(
    row: Any, replay: Replay, connection: Connection
) -> None:
    with pytest.raises(CallError, match="cloudtrail:LookupEvents failed: MalformedReply"):
        changed(replay, connection, event(REQUEST, {"userName": "ada"}), row)


def test_all_pages_are_read(replay: Replay, connection: Connection) -> None:
    def page(call: Any) -> Mapping[str, Any]:
        number = int(call.parameters.get("NextToken", "0"))
        more = {"NextToken": str(number + 1)} if number < 3 else {}
        return recorded({"Events": [event(REQUEST, {"userName": f"user-{number}"})], **more})

    replay.answer("LookupEvents", page)
    assert list_changed_users(connection, MADE) == {f"user-{number}" for number in range(4)}


def test_more_events_than_are_read_are_an_error(replay: Replay, connection: Connection) -> None:
    replay.answer("LookupEvents", recorded({"Events": [event(REQUEST, {"userName": "ada"})], "NextToken": "again"}))
    with pytest.raises(CallError, match=f"TooManyEvents .the events do not fit {MAX_PAGES} pages"):
        list_changed_users(connection, MADE)
    assert len([call for call in replay.calls if call.service == "cloudtrail"]) == MAX_PAGES


@pytest.mark.parametrize(
    ("code", "calls"),
    [("AccessDeniedException", 1), ("UnsupportedOperationException", 1), ("InvalidTimeRangeException", 1)],
)
def test_a_refusal_is_an_error(code: str, calls: int, replay: Replay, connection: Connection) -> None:
    replay.answer("LookupEvents", {"status_code": 400, "data": {"Error": {"Code": code}}})
    with pytest.raises(CallError) as caught:
        list_changed_users(connection, MADE)
    assert (caught.value.call, caught.value.code) == ("cloudtrail:LookupEvents", code)
    assert len([call for call in replay.calls if call.service == "cloudtrail"]) == calls


@pytest.mark.parametrize(
    ("partition", "region"),
    [("aws", "us-east-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-iso", None)],
)
def test_the_region_is_the_one_that_is_documented_for_the_partition(
    partition: str, region: str | None, replay: Replay, connection: Connection
) -> None:
    arn = f"arn:{partition}:iam::123456789012:user/auditor"
    replay.answer("GetCallerIdentity", identity("123456789012", arn))
    seen = Connection(
        connection.iam,
        connection.endpoint,
        connection.deadline,
        connection._pool,
        connection.submit(connection.read_identity_again),
        connection._client,
    )
    if region:
        assert event_region(seen) == region
        return
    with pytest.raises(CallError, match="it is not known where partition aws-iso records the events of IAM"):
        event_region(seen)
