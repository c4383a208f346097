"""One IAM account over real HTTP: moto's own server in a process of its own, and a thin layer that adds what it lacks.

Run as `python -m tests.servers.moto_account`, it prints its port. Paths under /-/ steer the layer; see MotoAccount.
moto knows no root user and no ListServiceSpecificCredentials, leaves IsTruncated out of some lists, gives no page that
is shorter than asked for, and dates its credential report 2015.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.servers.wire import (
    Call,
    Fault,
    Faults,
    error_xml,
    fault_reply,
    parse_call,
    reply_xml,
    service_model,
    speaks_json,
)

ACCOUNT = "123456789012"
ROOT_ROW = {
    "user": "<root_account>",
    "arn": f"arn:aws:iam::{ACCOUNT}:root",
    "user_creation_time": "2020-01-01T00:00:00+00:00",
    "password_enabled": "not_supported",
    "password_last_used": "no_information",
    "password_last_changed": "not_supported",
    "password_next_rotation": "not_supported",
    "mfa_active": "true",
    "access_key_1_active": "false",
    "access_key_1_last_rotated": "N/A",
    "access_key_1_last_used_date": "N/A",
    "access_key_1_last_used_region": "N/A",
    "access_key_1_last_used_service": "N/A",
    "access_key_2_active": "false",
    "access_key_2_last_rotated": "N/A",
    "access_key_2_last_used_date": "N/A",
    "access_key_2_last_used_region": "N/A",
    "access_key_2_last_used_service": "N/A",
    "cert_1_active": "false",
    "cert_1_last_rotated": "N/A",
    "cert_2_active": "false",
    "cert_2_last_rotated": "N/A",
}


@dataclass
class Overlay:
    """What is laid over moto's replies.

    root: columns of root's row, None for no row; generated: when the credential report was made;
    page_size: items a page; boundaries: of users, by their names.
    """

    summary: dict[str, int] = field(default_factory=lambda: {"AccountMFAEnabled": 1, "AccountPasswordPresent": 1})
    root: dict[str, str] | None = field(default_factory=dict)
    generated: str = field(default_factory=lambda: datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
    caller: str | None = None
    page_size: int | None = None
    stored: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    boundaries: dict[str, str] = field(default_factory=dict)


class Layer:
    """A WSGI application before moto's: counts, fails and completes what goes through it."""

    def __init__(self, moto: Any, reset_moto: Any) -> None:
        self.moto = moto
        self.reset_moto = reset_moto
        self.calls: list[Call] = []
        self.faults = Faults()
        self.overlay = Overlay()
        self.epoch = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        from werkzeug.wrappers import Response

        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ["PATH_INFO"].startswith("/-/"):
            answer = self.control(environ["PATH_INFO"], json.loads(body or b"null"))
            return Response(json.dumps(answer), mimetype="application/json")(environ, start_response)
        signed, target = environ.get("HTTP_AUTHORIZATION", ""), environ.get("HTTP_X_AMZ_TARGET", "")
        call = parse_call(body.decode(), signed, target)
        environ["wsgi.input"] = io.BytesIO(body)
        self.calls.append(call)
        fault = self.faults.take(call)
        if fault is None:
            return self.complete(call, environ)(environ, start_response)
        epoch = self.epoch
        reply = self.complete(call, environ) if fault.after else None
        time.sleep(fault.milliseconds / 1000)
        if fault.kind == "drop" or self.epoch != epoch:  # the account that the call was for is gone
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            reply = Response()  # goes nowhere
        elif fault.kind != "delay":
            headers = [f"{name}: {value}" for name, value in environ.items() if name.startswith("HTTP_")]
            status, kind, content = fault_reply(fault, call, "\n".join([*headers, "", body.decode()]))
            reply = Response(content, status, content_type=kind)
        return (reply or self.complete(call, environ))(environ, start_response)

    def control(self, path: str, body: Any) -> Any:
        if path == "/-/calls":
            return [[call.service, call.action, dict(call.parameters)] for call in self.calls]
        if path == "/-/fail":
            self.faults.add(Fault(**body))
        elif path == "/-/mend":
            self.faults.clear()
        elif path == "/-/overlay":
            for name, value in body.items():
                setattr(self.overlay, name, value)
        elif path == "/-/forget":
            self.calls.clear()
        elif path == "/-/reset":
            self.calls.clear()
            self.faults.clear()
            self.overlay = Overlay()
            self.epoch += 1
            self.reset_moto()
        return None

    def complete(self, call: Call, environ: dict[str, Any]) -> Any:
        """moto's reply, with what AWS would have said besides."""
        from werkzeug.wrappers import Response

        if call.action == "ListServiceSpecificCredentials":
            stored = self.overlay.stored.get(call.parameters.get("UserName", ""), [])
            reply = {"ServiceSpecificCredentials": stored, "IsTruncated": False}
            return Response(reply_xml("iam", call.action, reply), content_type="text/xml")
        reply = self.forward(call, environ)
        if reply.status_code == 200:
            reply.set_data(with_end_of_list(call, reply.get_data(as_text=True)))
        change = {
            "GetAccountSummary": self.summary,
            "GetCredentialReport": self.report,
            "GetCallerIdentity": self.identity,
            "GetUser": self.bounded,
        }.get(call.action)
        if change is not None and reply.status_code == 200:
            reply.set_data(change(reply.get_data(as_text=True)))
        return reply

    def forward(self, call: Call, environ: dict[str, Any]) -> Any:
        """moto's own reply to the call, with the page size put in where one is set."""
        from werkzeug.wrappers import Response

        if speaks_json(call.service):
            return Response.from_app(self.moto, environ, buffered=True)
        parameters = dict(call.parameters)
        if self.overlay.page_size is not None and "MaxItems" in parameters:
            parameters["MaxItems"] = str(min(int(parameters["MaxItems"]), self.overlay.page_size))
        version = "2011-06-15" if call.service == "sts" else "2010-05-08"
        body = urlencode({"Action": call.action, "Version": version, **parameters}).encode()
        inner = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        reply = Response.from_app(self.moto, inner, buffered=True)
        if reply.status_code == 501:
            return Response(error_xml(call.service, "InvalidAction", f"moto has no {call.action}"), 400)
        return reply

    def summary(self, xml: str) -> str:
        for key, value in self.overlay.summary.items():
            xml = re.sub(rf"<entry>\s*<key>{key}</key>.*?</entry>", "", xml, flags=re.DOTALL)
            entry = f"<entry><key>{key}</key><value>{value}</value></entry>"
            xml = xml.replace("</SummaryMap>", f"{entry}</SummaryMap>")
        return xml

    def report(self, xml: str) -> str:
        xml = re.sub(r"<GeneratedTime>[^<]*", f"<GeneratedTime>{self.overlay.generated}", xml)
        if self.overlay.root is None:
            return xml
        found = re.search(r"<Content>([^<]*)</Content>", xml)
        assert found is not None
        header, _, users = base64.b64decode(found[1]).decode().partition("\n")
        row = {**ROOT_ROW, **self.overlay.root}
        root = ",".join(row[column] for column in header.split(","))
        content = base64.b64encode(f"{header}\n{root}\n{users}".encode()).decode()
        return xml.replace(found[1], content)

    def bounded(self, xml: str) -> str:
        """moto has no boundaries of users."""
        found = re.search(r"<UserName>([^<]*)</UserName>", xml)
        arn = self.overlay.boundaries.get(found[1] if found else "")
        kind = "<PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>"
        boundary = f"{kind}<PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn>"
        return xml.replace("</User>", f"<PermissionsBoundary>{boundary}</PermissionsBoundary></User>") if arn else xml

    def identity(self, xml: str) -> str:
        caller = self.overlay.caller
        return xml if caller is None else re.sub(r"<Arn>[^<]*</Arn>", f"<Arn>{caller}</Arn>", xml)


def with_end_of_list(call: Call, xml: str) -> str:
    """The reply with the IsTruncated that AWS always sends with a list, and moto leaves out of some."""
    if "<IsTruncated>" in xml or call.service != "iam":
        return xml
    shape = service_model("iam").operation_model(call.action).output_shape
    if shape is None or "IsTruncated" not in shape.members:
        return xml
    return xml.replace(f"</{call.action}Result>", f"<IsTruncated>false</IsTruncated></{call.action}Result>")


def keep_managed_policies() -> None:
    """Have moto read AWS's managed policies once: they are most of what a reset takes, and nobody writes to them."""
    from moto.iam.models import IAMBackend

    read = IAMBackend._init_aws_policies
    known: dict[tuple[str, str], list[Any]] = {}

    def copied(backend: Any) -> list[Any]:
        whose = (backend.account_id, backend.region_name)
        if whose not in known:
            known[whose] = read(backend)
        return [alike(each) for each in known[whose]]  # each counts its own attachments

    IAMBackend._init_aws_policies = copied


def alike(policy: Any) -> Any:
    """A shallow copy in a fraction of copy.copy's time, which a reset pays 1,500 times; moto counts it nowhere."""
    made = object.__new__(type(policy))
    made.__dict__.update(policy.__dict__)
    return made


def keep_listings() -> None:
    """Have moto list its own folders and methods once: it does for every call, in a quarter of the call's time."""
    import moto.backends
    import moto.core.responses

    moto.backends.list_of_moto_modules = cache(lambda listed=moto.backends.list_of_moto_modules: tuple(listed()))
    moto.core.responses.method_names_from_class = cache(moto.core.responses.method_names_from_class)


def serve() -> None:
    """Serve on a free port of loopback until killed; the port is printed once the account answers."""
    from moto.core.config import default_user_config

    default_user_config["iam"]["load_aws_managed_policies"] = True

    from moto.iam.models import iam_backends
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from moto.organizations.models import organizations_backends
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        disable_nagle_algorithm = True  # else each reply waits 40 ms for an acknowledgement

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    def reset() -> None:
        iam_backends[ACCOUNT]["aws"].reset()
        organizations_backends[ACCOUNT]["aws"].reset()

    keep_managed_policies()
    keep_listings()
    layer = Layer(DomainDispatcherApplication(create_backend_app), reset)
    server = make_server("127.0.0.1", 0, layer, threaded=True, request_handler=Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


@dataclass
class MotoAccount:
    """The test's hand on the server."""

    url: str

    @property
    def iam(self) -> Any:
        """A botocore client, to seed the account and to look at it. Its calls are counted too: see forget."""
        return self._client

    def __post_init__(self) -> None:
        self._client = self.client("iam")
        self._client.get_account_summary()  # moto makes its application on the first call
        self.reset()

    def client(self, service: str) -> Any:
        """A botocore client of another service of the account."""
        import botocore.session

        return botocore.session.Session().create_client(
            service,
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="AKIASEED",
            aws_secret_access_key="seed",
        )

    def calls(self) -> list[Call]:
        """Every call since the last reset or forget, in the order in which they came."""
        return [Call(*each) for each in self._control("calls")]

    def writes(self) -> list[Call]:
        return [call for call in self.calls() if call.writes]

    def reset(self) -> None:
        """An empty account, AWS's managed policies in it; no faults, no calls."""
        self._control("reset")

    def forget(self) -> None:
        """Forget the calls so far."""
        self._control("forget")

    def fail(self, action: str, kind: str = "deny", **more: Any) -> None:
        """Make calls of an action go wrong, `*` for all; see wire.Fault."""
        self._control("fail", {"action": action, "kind": kind, **more})

    def mend(self) -> None:
        """Let everything go right again."""
        self._control("mend")

    def overlay(self, **values: Any) -> None:
        """Set what is laid over moto; see Overlay."""
        self._control("overlay", values)

    def _control(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(f"{self.url}/-/{path}", data, timeout=30) as reply:
            return json.load(reply)


@contextlib.contextmanager
def running() -> Iterator[MotoAccount]:
    """A server in a process of its own, ended with the block."""
    checkout = Path(__file__).parents[2]
    command = [sys.executable, "-W", "ignore", "-m", "tests.servers.moto_account"]
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = process.stdout.readline().strip()
            assert port, "the server did not start"
            yield MotoAccount(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


if __name__ == "__main__":
    serve()
