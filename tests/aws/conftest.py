"""What several tests of calls to AWS share: replies of any form, and calls that hang."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.aws.replies import ARN, KEYS, Reply, xml
from tests.servers.replay import Replay
from tests.servers.wire import Call, reply_xml


@pytest.fixture
def raw(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Call], Reply]], None]:
    """Lets a function answer every call with status, content type and bytes of its own."""

    def answer_with(function: Callable[[Call], Reply]) -> None:
        def reply(call: Call) -> Reply:
            replay.calls.append(call)
            return function(call)

        monkeypatch.setattr(replay, "reply", reply)

    return answer_with


@pytest.fixture
def hanging(raw: Callable[..., None]) -> Iterator[Callable[[str], None]]:
    """Makes an action hang until the test is over; the others are answered."""
    over = threading.Event()
    answers = {
        "GetCallerIdentity": {"Account": "123456789012", "Arn": ARN, "UserId": "AIDA"},
        "AssumeRole": {"Credentials": KEYS},
    }

    def hang(action: str) -> None:
        def reply(call: Call) -> Reply:
            if call.action == action:
                over.wait(10)
            return xml(reply_xml(call.service, call.action, answers.get(call.action, {})))

        raw(reply)

    yield hang
    over.set()
