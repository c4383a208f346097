"""Records the replies of the demo account (koding_audit/aws/demo_replies.jsonl), for tests/generate.py.

The tour and some more commands run on moto, and their requests are noted. Then a new account gets each read before and
after each write of the tour, and a reply that differs from the one before is kept. Names replace what moto takes from
the clock and from chance.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest.mock import patch

from koding_audit.aws.demo_account import (
    CONTENT,
    KEY_AGE,
    KEY_CREATED,
    OPENED,
    TIME_FORMAT,
    DemoAccount,
    describe_request,
    policy_id,
)
from koding_audit.aws.sources import demo
from koding_audit.cli import main

COMMANDS = (
    ["scan", "policies/koding.yaml", "policies/service-users.yaml", "policies/waivers.yaml"],
    ["scan", "policies/koding.yaml", "policies/stack-actions.yaml"],
    ["plan", "policies/koding.yaml", "--as", "terraform"],
    ["stack", "policies/stacks/web.yml", "policies/koding.yaml"],
    ["can", "user/koding-user", "ec2:RunInstances"],
)
READS = ("Get", "List", "Generate", "Describe")
LONGEST = 20_000  # characters of a reply that is kept
REQUEST_ID = re.compile("(?<=<RequestId>)[^<]*")
NEW_POLICY = re.compile("<PolicyId>[^<]*</PolicyId><Arn>([^<]*)")


class _MotoAccount(DemoAccount):
    """A demo account of moto alone, whose requests are noted."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Any] = []
        self._start_moto()

    def answer(self, request: Any, **_: Any) -> Any:
        self.requests.append(request)
        return self.ask_moto(request)


def record(_: str = "") -> str:
    """The rows of the file."""
    tour = _requests([["demo"]])
    asked = [*tour, *_requests([*command, "--source", "demo"] for command in COMMANDS)]
    reads = {describe_request(each): each for each in asked if _is_read(each)}
    writes = [each for each in tour if not _is_read(each)]
    return "".join(f"{json.dumps(row)}\n" for row in _rows(reads, writes))


def _is_read(request: Any) -> bool:
    operation, *_ = describe_request(request).split(" ")
    return operation.rpartition(".")[2].startswith(READS)


def _requests(commands: Iterable[list[str]]) -> list[Any]:
    """What commands ask one demo account."""
    printed = io.StringIO()
    with (
        contextlib.closing(_MotoAccount()) as account,
        patch.object(account, "close"),
        patch.object(demo, "DemoAccount", lambda: account),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        for command in commands:
            before = len(account.requests)
            if main(command) == 2 or len(account.requests) == before:
                raise SystemExit(f"{command} failed:\n{printed.getvalue()}")
    account.close()
    return account.requests


def _rows(reads: dict[str, Any], writes: list[Any]) -> Iterator[dict[str, Any]]:
    with contextlib.closing(_MotoAccount()) as account:
        before: dict[str, Any] = {}
        for made in range(len(writes) + 1):
            replies = {call: _reply(account, request) for call, request in sorted(reads.items())}
            if made == 0:  # again: the first GenerateCredentialReport only starts the report
                replies = {call: _reply(account, reads[call]) for call, reply in replies.items() if _is_short(reply)}
                reads = {call: reads[call] for call in replies}
            yield from (
                {"after": made, "call": call, **replies[call]} for call in replies if replies[call] != before.get(call)
            )
            before = replies
            if made < len(writes):
                yield {
                    "after": made,
                    "call": describe_request(writes[made]),
                    "write": True,
                    **_reply(account, writes[made]),
                }


def _is_short(reply: dict[str, Any]) -> bool:
    return len(reply["body"]) < LONGEST


def _reply(account: _MotoAccount, request: Any) -> dict[str, Any]:
    """Moto's reply as it is kept."""
    reply = account.ask_moto(request)
    body = REQUEST_ID.sub("EXAMPLEDEMO", reply.content.decode())
    body = NEW_POLICY.sub(lambda found: f"<PolicyId>{policy_id(found[1])}</PolicyId><Arn>{found[1]}", body)
    kept = {"status": reply.status_code} if reply.status_code != 200 else {}
    encoded = re.search("(?<=<Content>)[^<]+", body)
    if encoded:
        kept["content"] = _named_times(account, base64.b64decode(encoded[0]).decode())
        body = body.replace(encoded[0], CONTENT)
    return {**kept, "body": _named_times(account, body)}


def _named_times(account: _MotoAccount, text: str) -> str:
    """The text with names for the account's two times; any time since it was opened counts as that of the opening."""

    def named(found: re.Match[str]) -> str:
        moment = datetime.strptime(found[1], TIME_FORMAT).replace(tzinfo=timezone.utc)
        if moment == account.opened - KEY_AGE:
            return KEY_CREATED
        return OPENED if timedelta() <= moment - account.opened < timedelta(hours=1) else found[0]

    return re.sub(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?", named, text)
