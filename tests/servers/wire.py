"""AWS's protocols from the server's side: requests taken apart, replies and errors, faults on demand.

IAM and STS speak the query protocol, with XML for answers; Organizations and CloudTrail speak JSON.
"""

from __future__ import annotations

import base64
import functools
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

REQUEST_ID = "00000000-0000-4000-8000-000000000001"
JSON = "application/x-amz-json-1.1"
READS = ("Get", "List", "Describe", "Generate", "Simulate", "Lookup", "AssumeRole")
NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}


@dataclass(frozen=True)
class Call:
    """One request as it came over the wire. service: from the signature's scope; key: the access key's id."""

    service: str
    action: str
    parameters: Mapping[str, str]
    key: str = ""

    @property
    def writes(self) -> bool:
        return not self.action.startswith(READS)

    def __str__(self) -> str:
        return f"{self.service}:{self.action}"


def parse_call(body: str, authorization: str, target: str = "") -> Call:
    """A signed request: its parameters, and the service that the signature is for. target: X-Amz-Target, of JSON."""
    if target:
        parameters = {"Action": target.rpartition(".")[2], **json.loads(body)}
    else:
        parameters = dict(parse_qsl(body, keep_blank_values=True))
    action = parameters.pop("Action", "")
    parameters.pop("Version", None)
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return Call(scope[3] if len(scope) > 3 else "", action, parameters, scope[0])


@dataclass
class Fault:
    """What is to go wrong with the calls of an action.

    kind: `deny`, `throttle`, `error` (status and code as given), `html` (a 200 that is no reply), `drop` (the
    connection closes without a reply), `delay` (answered, late), `empty` (a 200 with the right root and nothing in it),
    `echo` (an error whose message is the whole request, credentials and all), `mumble` (a 200 that is the request).
    message: what an `error` says.
    times: how often, None for always; skip: how many calls are let through first; page: 2 for calls with a Marker
    only; after: the call is carried out first.
    match: parameters that the call must have.
    """

    action: str
    kind: str = "deny"
    times: int | None = None
    skip: int = 0
    page: int | None = None
    status: int = 400
    code: str = ""
    milliseconds: int = 0
    after: bool = False
    message: str = "as the test asked"
    match: Mapping[str, str] = field(default_factory=dict)

    def meets(self, call: Call) -> bool:
        if self.times == 0 or self.action not in (call.action, "*"):
            return False
        if self.page is not None and (self.page == 2) != ("Marker" in call.parameters):
            return False
        return all(call.parameters.get(name) == value for name, value in self.match.items())


class Faults:
    """The faults that are set, used up by calls from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, call: Call) -> Fault | None:
        """The first fault that the call meets, used once."""
        with self._lock:
            for fault in self._faults:
                if fault.meets(call):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None


def fault_reply(fault: Fault, call: Call, request: str = "") -> tuple[int, str, bytes]:
    """Status, content type and body of the faults that have a reply. request: headers and body, as they came."""
    if fault.kind == "echo":
        return error_reply(call, fault.status, fault.code or "SignatureDoesNotMatch", request)
    if fault.kind == "mumble":
        return 200, "text/xml", request.encode()
    if fault.kind == "html":
        return 200, "text/html", b"<html><body>Please sign in to this network</body></html>"
    if fault.kind == "empty":
        return 200, "text/xml", f"<{call.action}Response/>".encode()
    if fault.kind == "deny":
        message = f"User: arn:aws:iam::123456789012:user/auditor is not authorized to perform: {call}"
        return error_reply(call, 403, "AccessDenied", message)
    if fault.kind == "throttle":
        return error_reply(call, 400, "Throttling", "Rate exceeded")
    return error_reply(call, fault.status, fault.code or "ServiceFailure", fault.message)


def speaks_json(service: str) -> bool:
    return service in ("organizations", "cloudtrail")


def error_reply(
    call: Call, status: int, code: str, message: str = "", *, sender: bool = True
) -> tuple[int, str, bytes]:
    """Status, content type and body. Services of JSON have their own name for a denial, and say all else with 400."""
    if speaks_json(call.service):
        name = "AccessDeniedException" if code == "AccessDenied" else code
        return 500 if status >= 500 else 400, JSON, json.dumps({"__type": name, "Message": message}).encode()
    return status, "text/xml", error_xml(call.service, code, message, sender)


def error_xml(service: str, code: str, message: str = "", sender: bool = True) -> bytes:
    """An ErrorResponse as IAM and STS send it."""
    namespace = NAMESPACES.get(service, NAMESPACES["iam"])
    text = f"<Message>{escape(message)}</Message>" if message else ""
    kind = "Sender" if sender else "Receiver"
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{escape(code)}</Code>{text}</Error>'
        f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    ).encode()


def reply_xml(service: str, operation: str, reply: Mapping[str, Any]) -> bytes:
    """A parsed reply, as botocore returns it, in the XML that it came in; shapes are those of botocore's own model."""
    model = service_model(service).operation_model(operation)
    body = _members(model.output_shape, reply) if model.output_shape else ""
    wrapper = model.output_shape.serialization.get("resultWrapper") if model.output_shape else None
    result = f"<{wrapper}>{body}</{wrapper}>" if wrapper else body
    return (
        f'<{operation}Response xmlns="{NAMESPACES[service]}">{result}'
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{operation}Response>"
    ).encode()


@functools.cache
def service_model(service: str) -> Any:
    import botocore.session

    return botocore.session.Session().get_service_model(service)


def _members(shape: Any, value: Mapping[str, Any]) -> str:
    unknown = set(value) - set(shape.members) - {"ResponseMetadata"}
    if unknown:
        raise ValueError(f"{shape.name} has no {', '.join(sorted(unknown))}")
    return "".join(_element(name, shape.members[name], each) for name, each in value.items() if name in shape.members)


def _element(name: str, shape: Any, value: Any) -> str:
    return f"<{name}>{_text(shape, value)}</{name}>"


def _text(shape: Any, value: Any) -> str:
    kind = shape.type_name
    if kind == "structure":
        return _members(shape, value)
    if kind == "list":
        return "".join(_element("member", shape.member, each) for each in value)
    if kind == "map":
        pairs = ((_element("key", shape.key, key), _element("value", shape.value, each)) for key, each in value.items())
        return "".join(f"<entry>{key}{each}</entry>" for key, each in pairs)
    return escape(_scalar(shape, value))


def _scalar(shape: Any, value: Any) -> str:
    if shape.type_name == "blob":
        return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if shape.name == "policyDocumentType" and not isinstance(value, str):
        return quote(json.dumps(value), safe="")
    return str(value)
