"""One call over a real botocore client: replies that are none, errors, retries, and what may be sent again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from koding_audit.aws.call import take_field, take_past_time
from koding_audit.aws.connection import Connection
from koding_audit.model.errors import CallError
from tests.aws.replies import read_names, xml
from tests.servers.replay import Replay
from tests.servers.wire import Fault, reply_xml


@pytest.mark.parametrize(("before", "refused"), [(1, False), (0, True)], ids=["sent twice", "sent once"])
def test_a_refusal_of_what_was_sent_twice_may_be_its_own_doing(
    before: int, refused: bool, connection: Connection, replay: Replay, impatient: None
) -> None:
    replay.faults.add(Fault("CreateGroup", "error", times=before, status=503, code="ServiceUnavailable"))
    replay.faults.add(Fault("CreateGroup", "error", status=409, code="EntityAlreadyExists"))
    with pytest.raises(CallError) as caught:
        connection.call("CreateGroup", GroupName="Ops")
    assert (caught.value.code, caught.value.refused) == ("EntityAlreadyExists", refused)


def test_what_is_no_list_is_an_error(connection: Connection) -> None:
    with pytest.raises(CallError, match="no usable PolicyNames"):
        take_field({"PolicyNames": "a"}, "PolicyNames", list, "iam:ListUserPolicies")
    with pytest.raises(CallError, match="no usable PolicyNames"):
        take_field(None, "PolicyNames", list, "iam:ListUserPolicies")


WHOLE = reply_xml("iam", "ListUserPolicies", {"PolicyNames": ["a"], "IsTruncated": False})
OTHER = reply_xml("iam", "ListGroupPolicies", {"PolicyNames": ["a"], "IsTruncated": False})
NO_REPLIES = {
    "a page of a hotel's network": b"<html><body>Please sign in</body></html>",
    "html that is no xml": b"<html><body>Please<br>sign in",
    "nothing": b"",
    "text": b"OK",
    "json": b'{"PolicyNames": []}',
    "bad utf-8": b"<ListUserPoliciesResponse>\xff\xfe</ListUserPoliciesResponse>",
    "the reply of another operation": OTHER,
    "an empty result": b"<ListUserPoliciesResponse><ListUserPoliciesResult/></ListUserPoliciesResponse>",
    "no result": b"<ListUserPoliciesResponse/>",
    **{f"cut at {tenth}0 %": WHOLE[: len(WHOLE) * tenth // 10] for tenth in range(1, 10)},
}


@pytest.mark.parametrize("body", NO_REPLIES.values(), ids=NO_REPLIES)
def test_a_reply_that_is_none_is_a_call_error_and_asked_for_again(
    body: bytes, connection: Connection, replay: Replay, raw: Callable[..., None]
) -> None:
    raw(lambda _: xml(body))
    with pytest.raises(CallError) as caught:
        read_names(connection)
    assert (caught.value.call, caught.value.code) == ("iam:ListUserPolicies", "MalformedReply")
    assert len(replay.calls) in (1, 3)  # 1: botocore could read it, and what it read is of the wrong shape


def test_a_reply_that_can_be_read_the_second_time_is_good(
    connection: Connection, replay: Replay, raw: Callable[..., None]
) -> None:
    bodies = iter([WHOLE[:80], WHOLE])
    raw(lambda _: xml(next(bodies)))
    assert read_names(connection) == ["a"]


def test_a_write_whose_reply_cannot_be_read_is_not_sent_again(
    connection: Connection, replay: Replay, raw: Callable[..., None]
) -> None:
    raw(lambda _: xml(b"<AttachGroupPolicy"))
    with pytest.raises(CallError) as caught:
        connection.call("AttachGroupPolicy", GroupName="g", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert (caught.value.code, caught.value.refused, len(replay.calls)) == ("MalformedReply", False, 1)


@pytest.mark.parametrize(
    ("status", "refused"), [(403, True), (302, False), (503, False)], ids=["forbidden", "moved", "unavailable"]
)
def test_an_html_error_page_is_a_call_error(
    status: int, refused: bool, connection: Connection, raw: Callable[..., None], impatient: None
) -> None:
    raw(lambda _: (status, "text/html", b"<html><body>no</body></html>"))
    with pytest.raises(CallError) as caught:
        read_names(connection)
    assert caught.value.code != "KeyError"
    assert caught.value.refused is refused


def test_an_error_of_the_server_may_have_come_after_the_write(
    connection: Connection, replay: Replay, impatient: None
) -> None:
    replay.faults.add(Fault("*", "error", status=500))
    with pytest.raises(CallError) as caught:
        connection.call("DeleteGroup", GroupName="g")
    assert (caught.value.code, caught.value.refused) == ("ServiceFailure", False)


def test_a_call_that_botocore_refuses_to_send_is_refused(connection: Connection, replay: Replay) -> None:
    with pytest.raises(CallError) as caught:
        connection.call("GetUser", UserName=7)
    assert (caught.value.code, caught.value.refused, replay.calls) == ("ParamValidation", True, [])


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_a_time_off_the_calendar_is_a_call_error(text: str) -> None:
    moment = datetime.fromisoformat(text)
    with pytest.raises(CallError, match="no usable CreateDate"):
        take_past_time({"CreateDate": moment}, "CreateDate", "iam:ListAccessKeys")


def test_a_time_without_a_zone_is_utc() -> None:
    moment = datetime(2026, 11, 23, 20)  # noqa: DTZ001 - what is tested
    assert take_past_time({"at": moment}, "at", "x").isoformat() == "2026-11-23T20:00:00+00:00"
    with pytest.raises(CallError):
        take_past_time({"at": None}, "at", "x")


def test_a_time_after_now_has_not_happened_beyond_what_clocks_differ() -> None:
    now = datetime.now(timezone.utc)
    assert take_past_time({"at": now + timedelta(minutes=2)}, "at", "x") > now
    with pytest.raises(CallError, match="a CreateDate in the future"):
        take_past_time({"CreateDate": now + timedelta(minutes=10)}, "CreateDate", "iam:ListAccessKeys")


def test_nothing_turns_on_the_debug_log_of_botocore(connection: Connection) -> None:
    """It holds session tokens, in the canonical request that is signed."""
    import logging

    with pytest.raises(CallError):
        connection.call("GetUser", UserName="someone")
    loggers = [logging.getLogger(name) for name in ("botocore", "botocore.auth", "urllib3", "http.client")]
    assert [each.isEnabledFor(logging.DEBUG) for each in loggers] == [False] * 4
