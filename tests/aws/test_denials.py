"""Which calls were denied at first and allowed later."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.denials import DenialLog
from koding_audit.model.errors import CallError


def send(log: DenialLog, call: str, code: str = "", **parameters: Any) -> None:
    def answer() -> dict[str, Any]:
        if code:
            raise CallError(call, code, "", refused=True)
        return {}

    with contextlib.suppress(CallError):
        log.watch(call, parameters, answer)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
@pytest.mark.parametrize("later", ["", "NoSuchEntity"])
def test_a_call_that_is_answered_after_a_denial_was_allowed_later(code: str, later: str) -> None:
    log = DenialLog()
    send(log, "iam:GetUser", code, UserName="ada")
    assert log.calls_allowed_later() == ()
    send(log, "iam:GetUser", later, UserName="ada")
    assert log.calls_allowed_later() == ("iam:GetUser",)


@pytest.mark.parametrize("later", ["AccessDenied", "Throttling", "ExpiredToken"])
def test_a_call_without_an_answer_was_not_allowed(later: str) -> None:
    log = DenialLog()
    send(log, "iam:GetUser", "AccessDenied", UserName="ada")
    send(log, "iam:GetUser", later, UserName="ada")
    assert log.calls_allowed_later() == ()


def test_another_user_is_another_call_and_another_page_is_not() -> None:
    log = DenialLog()
    send(log, "iam:ListGroupsForUser", "AccessDenied", UserName="ada", MaxItems=1000)
    send(log, "iam:ListGroupsForUser", UserName="bob", MaxItems=1000)
    assert log.calls_allowed_later() == ()
    send(log, "iam:ListGroupsForUser", UserName="ada", MaxItems=1000, Marker="2")
    assert log.calls_allowed_later() == ("iam:ListGroupsForUser",)


def test_a_connection_watches_its_calls(connection: Connection, replay: Any) -> None:
    from tests.servers.wire import Fault

    replay.faults.add(Fault("GetUser", times=1))
    replay.answer("GetUser", {"status_code": 404, "data": {"Error": {"Code": "NoSuchEntity", "Type": "Sender"}}})
    for _ in range(2):
        with pytest.raises(CallError):
            connection.call("GetUser", UserName="ada")
    # Other tests use the same connection, so it may know other calls, too.
    assert "iam:GetUser" in connection.denials.calls_allowed_later()
