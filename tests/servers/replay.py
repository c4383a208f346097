"""Answers IAM and STS calls with recorded replies, over HTTP in AWS's wire form.

A recording is `{status_code, data}`, data as botocore parsed it, the format in which placebo stores replies; a whole
account is what `aws iam get-account-authorization-details` prints, which is served filtered and in pages as AWS does.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers.wire import JSON, Call, Faults, error_reply, fault_reply, parse_call, reply_xml, speaks_json

Answer = Mapping[str, Any] | Callable[[Call], Mapping[str, Any]]

# Filter of GetAccountAuthorizationDetails -> the list of the reply that it lets through.
_DETAIL_LISTS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}


class Replay:
    """The recordings to answer with, by action; `answer` puts one in. An action without one is AccessDenied."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.faults = Faults()
        self._answers: dict[str, Answer] = {}

    def clear(self) -> None:
        self.calls.clear()
        self.faults.clear()
        self._answers.clear()

    def answer(self, action: str, recording: Answer) -> None:
        self._answers[action] = recording

    def reply(self, call: Call) -> tuple[int, str, bytes]:
        """Status, content type, body."""
        self.calls.append(call)
        fault = self.faults.take(call)
        if fault is not None:
            return fault_reply(fault, call)
        found = self._answers.get(call.action)
        if found is None:
            return error_reply(call, 403, "AccessDenied", f"no recording of {call}")
        recording = found(call) if callable(found) else found
        data = recording["data"]
        if "Error" in data:
            error = data["Error"]
            sender = error.get("Type") == "Sender"
            return error_reply(call, recording["status_code"], error["Code"], error.get("Message", ""), sender=sender)
        if speaks_json(call.service):
            return recording["status_code"], JSON, json.dumps(data).encode()
        return recording["status_code"], "text/xml", reply_xml(call.service, call.action, data)


def load(path: Path) -> dict[str, Any]:
    """A recording from its file, with the datetimes that it stands for."""
    found = json.loads(path.read_text(encoding="utf-8"), object_hook=_revived)
    assert isinstance(found, dict)
    return found


def identity(account: str, arn: str) -> dict[str, Any]:
    return recorded({"Account": account, "Arn": arn, "UserId": "AIDAEXAMPLE"})


def recorded(data: Mapping[str, Any]) -> dict[str, Any]:
    """A reply as a recording of itself."""
    return {"status_code": 200, "data": data}


def whole_account(details: Mapping[str, Any]) -> Callable[[Call], Mapping[str, Any]]:
    """An answer to GetAccountAuthorizationDetails from the output of the AWS CLI: filtered, MaxItems a page."""

    def answer(call: Call) -> Mapping[str, Any]:
        kinds = [value for name, value in call.parameters.items() if name.startswith("Filter.member.")]
        lists = {_DETAIL_LISTS[kind] for kind in kinds} or set(_DETAIL_LISTS.values())
        rows = [(name, row) for name in sorted(lists) for row in details.get(name, []) if _wanted(kinds, name, row)]
        start = int(call.parameters.get("Marker", "0"))
        end = start + int(call.parameters.get("MaxItems", "100"))
        page: dict[str, Any] = {name: [] for name in sorted(set(_DETAIL_LISTS.values()))}
        for name, row in rows[start:end]:
            page[name].append(row)
        page["IsTruncated"] = end < len(rows)
        if end < len(rows):
            page["Marker"] = str(end)
        return recorded(page)

    return answer


def _wanted(kinds: list[str], name: str, row: Mapping[str, Any]) -> bool:
    if name != "Policies" or not kinds:
        return True
    return ("AWSManagedPolicy" if ":iam::aws:policy/" in row["Arn"] else "LocalManagedPolicy") in kinds


def _revived(value: dict[str, Any]) -> Any:
    if value.get("__class__") != "datetime":
        return value
    fields = {name: each for name, each in value.items() if name != "__class__"}
    return datetime(**fields, tzinfo=timezone.utc)


@contextlib.contextmanager
def replaying() -> Iterator[Replay]:
    """A server in a thread of this process, with nothing recorded yet."""
    replay = Replay()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            signed, target = self.headers.get("Authorization", ""), self.headers.get("X-Amz-Target", "")
            status, kind, content = replay.reply(parse_call(body, signed, target))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is the library's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        replay.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield replay
        finally:
            server.shutdown()
