"""The account behind real HTTP on loopback, with faults at calls that are named, and a log of what was done."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.servers.tls import Door, DoorHandler
from tests.servers.wire import JSON, READS, Call, error_reply, parse_call, reply_xml, speaks_json
from tests.simulator.account import Account, IamError
from tests.simulator.faults import XML, Fault, Reply

_LONGEST_LINE = 65536
_REASON = "as the simulator says"

Target = tuple[str, int]
"""A call by what it asks, and which of those that ask the same, from 1: reads run side by side, in no fixed order."""


def asks(call: Call) -> str:
    """`AttachGroupPolicy GroupName=a PolicyArn=b`; documents, markers and page sizes do not tell calls apart."""
    left_out = ("PolicyDocument", "MaxItems", "Marker")
    kept = {name: value for name, value in call.parameters.items() if name not in left_out}
    return " ".join([call.action, *(f"{name}={value}" for name, value in sorted(kept.items()))])


@dataclass
class Simulator:
    """faults: by the call that they befall first.

    times: how many calls in a row that ask the same they befall, 0: all from then on; seconds: only for so long, by the
    account's clock, 0: for ever. everything: befalls each call from that number on. before, after: what somebody else
    does just before a call takes effect, and just after, before its reply is sent; moments: the same as before, by how
    many calls there were. stalls: the reply to a call waits
    for that. watch: told of each write before it takes effect. bundle: what vouches for its certificate, None without
    TLS.
    """

    account: Account
    faults: dict[Target, Fault] = field(default_factory=dict)
    before: dict[Target, Callable[[], None]] = field(default_factory=dict)
    after: dict[Target, Callable[[], None]] = field(default_factory=dict)
    moments: dict[int, Callable[[], None]] = field(default_factory=dict)
    stalls: dict[Target, threading.Event] = field(default_factory=dict)
    everything: tuple[int, Fault] | None = None
    times: int = 1
    seconds: float = 0.0
    watch: Callable[[Call], None] = field(default=lambda _call: None)
    url: str = ""
    bundle: Path | None = None
    calls: list[Target] = field(default_factory=list)
    paged: set[Target] = field(default_factory=set)
    writes: list[str] = field(default_factory=list)
    lies: dict[int, Fault] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)
    _since: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Begin anew: no faults, no calls."""
        with self._lock:
            self.times, self.seconds, self.everything = 1, 0.0, None
            self.watch = lambda _call: None
            for each in (self.faults, self.before, self.after, self.moments, self.stalls, self.lies, self._since):
                each.clear()
            for kept in (self.calls, self.writes):
                kept.clear()
            self.paged.clear()
            self._seen.clear()

    def calm(self) -> None:
        """No more faults; the calls so far stay known."""
        with self._lock:
            self.everything = None
            for each in (self.faults, self.before, self.after, self.moments):
                each.clear()

    def reply(self, call: Call) -> Reply:
        with self._lock:
            asked = asks(call)
            self._seen[asked] += 1
            target = (asked, self._seen[asked])
            self.calls.append(target)
            if "Marker" in call.parameters:
                self.paged.add(target)
            if call.writes:
                self.watch(call)
            self.moments.get(len(self.calls) - 1, _nothing)()
            self.before.get(target, _nothing)()
            reply = self._befallen(call, target)
            self.after.get(target, _nothing)()
        if target in self.stalls:
            self.stalls[target].wait()
        return reply

    def unanswered(self) -> list[str]:
        """What was asked after the last write and got no honest answer the last time that it was asked.

        lies: the faults that befell calls, by the position of the call.
        """
        written = [number for number, (asked, _) in enumerate(self.calls) if not asked.startswith(READS)]
        last = {asked: number for number, (asked, _) in enumerate(self.calls) if number > max(written, default=-1)}
        return [asked for asked, number in last.items() if number in self.lies and not self.lies[number].honest]

    def _befallen(self, call: Call, target: Target) -> Reply:
        fault = self._fault(target)
        if fault is None:
            return self._answer(call, target[0])
        self.lies[len(self.calls) - 1] = fault
        honest = self._answer(call, target[0]) if fault.applies else Reply(200, XML, b"")
        return fault.spoil(honest, call)

    def _fault(self, target: Target) -> Fault | None:
        asked, number = target
        if self.everything and len(self.calls) >= self.everything[0]:
            return self.everything[1]
        for (each, first), fault in self.faults.items():
            if each == asked and first <= number and (not self.times or number < first + self.times):
                since = self._since.setdefault(asked, self.account.now)
                return fault if not self.seconds or self.account.now < since + self.seconds else None
        return None

    def _answer(self, call: Call, asked: str) -> Reply:
        try:
            value: Mapping[str, Any] = self.account.answer(call.action, call.parameters, call.key)
        except IamError as error:
            return Reply(*error_reply(call, error.status, error.code, "refused"))
        if speaks_json(call.service):
            return Reply(200, JSON, json.dumps(value).encode())
        if call.writes:
            self.writes.append(asked)
        return Reply(200, XML, reply_xml(call.service, call.action, value))


def _nothing() -> None:
    pass


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed, or that refused a certificate, is none of our errors."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


def _headers(lines: Any) -> dict[str, str]:
    """A request's headers by their names in small letters: all that botocore's need of HTTP's grammar."""
    found = {}
    while line := lines.readline(_LONGEST_LINE).strip():
        name, _, value = line.decode("latin-1").partition(":")
        found[name.lower()] = value.strip()
    return found


def _written(reply: Reply) -> bytes:
    """A reply as it goes over the wire: all, none or a part of it."""
    if reply.close:
        return b""
    headers = {"Content-Type": reply.kind, "Content-Length": str(len(reply.body)), **(reply.headers or {})}
    lines = [f"HTTP/1.1 {reply.status} {_REASON}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + reply.body[: reply.sent]


@contextlib.contextmanager
def serving(account: Account) -> Iterator[Simulator]:
    """A server in a thread of this process."""
    with listening(Simulator(account)) as simulator:
        yield simulator


S = TypeVar("S", bound=Simulator)


@contextlib.contextmanager
def listening(simulator: S, door: Door | None = None) -> Iterator[S]:
    """A server in a thread of this process, which answers as the simulator says.

    door: its TLS, None for plain HTTP.
    """

    class Handler(DoorHandler):
        behind = door
        disable_nagle_algorithm = True

        def handle(self) -> None:
            """Requests over one connection, kept alive until a reply ends it."""
            while self.rfile.readline(_LONGEST_LINE).strip():
                if door is not None and not self.good:
                    door.trespasses += 1
                headers = _headers(self.rfile)
                body = self.rfile.read(int(headers["content-length"])).decode()
                signed, target = headers.get("authorization", ""), headers.get("x-amz-target", "")
                reply = simulator.reply(parse_call(body, signed, target))
                self.wfile.write(_written(reply))
                if reply.close or reply.sent is not None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return

    with _Server(("127.0.0.1", 0), Handler) as server:
        simulator.url = f"{'https' if door else 'http'}://127.0.0.1:{server.server_address[1]}"
        simulator.bundle = door.authority.bundle if door else None
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield simulator
        finally:
            server.shutdown()
