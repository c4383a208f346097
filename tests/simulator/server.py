"""The account behind real HTTP on loopback, with faults at calls that are named, and a log of what was done."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers.wire import Call, error_xml, parse_call, reply_xml
from tests.simulator.account import Account, IamError
from tests.simulator.faults import XML, Fault, Reply

Target = tuple[str, int]
"""A call by what it asks, and which of those that ask the same, from 1: reads run side by side, in no fixed order."""


def asks(call: Call) -> str:
    """`AttachGroupPolicy GroupName=a PolicyArn=b`; documents and page sizes do not tell calls apart."""
    kept = {name: value for name, value in call.parameters.items() if name not in ("PolicyDocument", "MaxItems")}
    return " ".join([call.action, *(f"{name}={value}" for name, value in sorted(kept.items()))])


@dataclass
class Simulator:
    """faults: by the call that they befall; sticky: they befall every later call that asks the same too.

    before, after: what somebody else does just before a call takes effect, and just after, before its reply is sent.
    """

    account: Account
    faults: dict[Target, Fault] = field(default_factory=dict)
    before: dict[Target, Callable[[], None]] = field(default_factory=dict)
    after: dict[Target, Callable[[], None]] = field(default_factory=dict)
    sticky: bool = False
    url: str = ""
    calls: list[Target] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Begin anew: no faults, no calls."""
        with self._lock:
            self.faults.clear()
            self.before.clear()
            self.after.clear()
            self.calls.clear()
            self.writes.clear()
            self._seen.clear()

    def reply(self, call: Call) -> Reply:
        with self._lock:
            asked = asks(call)
            self._seen[asked] += 1
            target = (asked, self._seen[asked])
            self.calls.append(target)
            self.before.get(target, _nothing)()
            reply = self._befallen(call, target)
            self.after.get(target, _nothing)()
            return reply

    def _befallen(self, call: Call, target: Target) -> Reply:
        fault = self._fault(target)
        if fault is None:
            return self._answer(call, target[0])
        honest = self._answer(call, target[0]) if fault.applies else Reply(200, XML, b"")
        return fault.spoil(honest, call)

    def _fault(self, target: Target) -> Fault | None:
        asked, number = target
        if target in self.faults:
            return self.faults[target]
        earlier = [fault for (each, first), fault in self.faults.items() if each == asked and first < number]
        return earlier[0] if self.sticky and earlier else None

    def _answer(self, call: Call, asked: str) -> Reply:
        try:
            value: Mapping[str, Any] = self.account.answer(call.action, call.parameters)
        except IamError as error:
            return Reply(error.status, XML, error_xml(call.service, error.code, "refused"))
        if call.writes:
            self.writes.append(asked)
        return Reply(200, XML, reply_xml(call.service, call.action, value))


def _nothing() -> None:
    pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is none of our errors."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serving(account: Account) -> Iterator[Simulator]:
    """A server in a thread of this process."""
    simulator = Simulator(account)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            reply = simulator.reply(parse_call(body, self.headers.get("Authorization", "")))
            if reply.close:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in (reply.headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            if reply.sent is None:
                self.wfile.write(reply.body)
                return
            self.wfile.write(reply.body[: reply.sent])
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is the library's
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        simulator.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield simulator
        finally:
            server.shutdown()
