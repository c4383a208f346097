"""The fault model as data: each kind of fault, its class, and what it does to one reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.servers.wire import NAMESPACES, REQUEST_ID, Call, error_xml

XML = "text/xml"


@dataclass(frozen=True)
class Reply:
    """What goes over the wire. close: the connection ends without a reply; sent: only so many bytes of the body."""

    status: int
    kind: str
    body: bytes
    close: bool = False
    sent: int | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Fault:
    """One kind of fault. applies: whether the call takes effect; spoil: makes its reply of the honest one.

    honest: what a read asked for is in the reply all the same, or no client can tell that it is not.
    """

    name: str
    group: str
    applies: bool
    spoil: Callable[[Reply, Call], Reply]
    lists_only: bool = False
    honest: bool = False


def _error(code: str, status: int) -> Callable[[Reply, Call], Reply]:
    return lambda _, call: Reply(status, XML, error_xml(call.service, code, "as the test asked"))


def _html(status: int) -> Callable[[Reply, Call], Reply]:
    return lambda _reply, _call: Reply(status, "text/html", b"<html><body>Please sign in</body></html>")


def _closed(reply: Reply, _call: Call) -> Reply:
    return replace(reply, close=True)


def _cut(share: float) -> Callable[[Reply, Call], Reply]:
    return lambda reply, _: replace(reply, body=reply.body[: int(len(reply.body) * share)])


def _short(reply: Reply, _call: Call) -> Reply:
    return replace(reply, sent=len(reply.body) // 2)


def _bad_text(reply: Reply, _call: Call) -> Reply:
    return replace(reply, body=reply.body.replace(b"</", b"\xff\xfe</", 1))


def _moved(_reply: Reply, _call: Call) -> Reply:
    return Reply(302, "text/html", b"", headers={"Location": "http://127.0.0.1:9/"})


def _of_another(_reply: Reply, call: Call) -> Reply:
    body = (
        f'<ListMFADevicesResponse xmlns="{NAMESPACES[call.service]}"><ListMFADevicesResult/></ListMFADevicesResponse>'
    )
    return Reply(200, XML, body.encode())


def _unnumbered(reply: Reply, _call: Call) -> Reply:
    number = f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>".encode()
    return replace(reply, body=reply.body.replace(number, b""))


def _accepted(_reply: Reply, call: Call) -> Reply:
    number = f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
    body = f'<{call.action}Response xmlns="{NAMESPACES[call.service]}">{number}</{call.action}Response>'
    return Reply(200, XML, body.encode())


def _truncated(marker: str) -> Callable[[Reply, Call], Reply]:
    def spoil(reply: Reply, _call: Call) -> Reply:
        more = f"<IsTruncated>true</IsTruncated>{marker}".encode()
        return replace(reply, body=re.sub(rb"<IsTruncated>\w+</IsTruncated>(<Marker>\w+</Marker>)?", more, reply.body))

    return spoil


def _more(marker: Callable[[Call], int]) -> Callable[[Reply, Call], Reply]:
    """There is said to be another page, with a marker that hangs on the one that came."""
    return lambda reply, call: _truncated(f"<Marker>{marker(call)}</Marker>")(reply, call)


def _members(rows: Callable[[list[bytes]], list[bytes]]) -> Callable[[Reply, Call], Reply]:
    """The rows of a page other than they are; a row of GetAccountAuthorizationDetails has rows itself, and stays."""

    def spoil(reply: Reply, _call: Call) -> Reply:
        found = re.findall(rb"<member>.*?</member>", reply.body, re.DOTALL)
        if not found or any(row.count(b"<member>") > 1 for row in found):
            return reply
        return replace(reply, body=reply.body.replace(b"".join(found), b"".join(rows(found))))

    return spoil


def _emptied(reply: Reply, call: Call) -> Reply:
    return _truncated("<Marker>0</Marker>")(_members(lambda _: [])(reply, call), call)


def _odd_end(reply: Reply, _call: Call) -> Reply:
    return replace(reply, body=re.sub(rb"<IsTruncated>\w+</IsTruncated>", b"<IsTruncated>no</IsTruncated>", reply.body))


def _without_end(reply: Reply, _call: Call) -> Reply:
    return replace(reply, body=re.sub(rb"<IsTruncated>\w+</IsTruncated>(<Marker>\w+</Marker>)?", b"", reply.body))


_CODES: Mapping[str, Sequence[tuple[str, int]]] = {
    "A throttle": (
        ("Throttling", 400),
        ("ThrottlingException", 400),
        ("RequestLimitExceeded", 503),
        ("TooManyRequests", 429),
    ),
    "B service": (("ServiceFailure", 500), ("InternalFailure", 500), ("ServiceUnavailable", 503)),
    "C conflict": (("ConcurrentModification", 409), ("EntityTemporarilyUnmodifiable", 409)),
    "D refusal": (
        ("LimitExceeded", 409),
        ("PolicyNotAttachable", 400),
        ("MalformedPolicyDocument", 400),
        ("UnmodifiableEntity", 400),
        ("InvalidInput", 400),
        ("ValidationError", 400),
        ("NoSuchEntity", 404),
        ("EntityAlreadyExists", 409),
        ("DeleteConflict", 409),
    ),
    "E rights": (
        ("AccessDenied", 403),
        ("ExpiredToken", 403),
        ("InvalidClientTokenId", 403),
        ("RequestExpired", 400),
        ("OptInRequired", 403),
    ),
}  # fmt: skip

FAULTS: Mapping[str, Fault] = {
    each.name: each
    for each in (
        *(
            Fault(f"{code} {status}", group, False, _error(code, status), honest=code == "NoSuchEntity")
            for group, codes in _CODES.items()
            for code, status in codes
        ),
        Fault("504 html", "B service", False, _html(504)),
        Fault("closed before", "F before", False, _closed),
        Fault("closed after", "G after", True, _closed),
        Fault("cut off after", "G after", True, _short),
        Fault("html 200", "H lie", False, _html(200)),
        Fault("empty 200", "H lie", False, lambda reply, _: replace(reply, body=b"")),
        Fault("other reply", "H lie", False, _of_another),
        Fault("no request id", "H lie", True, _unnumbered, honest=True),
        Fault("never applied", "H lie", False, _accepted),
        *(Fault(f"cut at {share} %", "I body", True, _cut(share / 100)) for share in range(10, 100, 10)),
        Fault("bad utf-8", "I body", True, _bad_text),
        Fault("302", "I body", False, _moved),
        Fault("403 html", "I body", False, _html(403)),
        Fault("no marker", "J paging", True, _truncated(""), lists_only=True),
        Fault("same marker", "J paging", True, _truncated("<Marker>0</Marker>"), lists_only=True),
        Fault("no end said", "J paging", True, _without_end, lists_only=True),
        Fault("odd end", "J paging", True, _odd_end, lists_only=True),
        Fault("turns about", "J paging", True, _more(lambda call: int(call.parameters.get("Marker") != "1")), True),
        Fault("endless", "J paging", True, _more(lambda call: int(call.parameters.get("Marker", 0)) + 1), True),
        Fault("empty page", "J paging", True, _emptied, lists_only=True),
        Fault("rows twice", "J paging", True, _members(lambda rows: rows * 2), lists_only=True, honest=True),
        Fault("rows reversed", "J paging", True, _members(lambda rows: rows[::-1]), lists_only=True, honest=True),
    )
}
