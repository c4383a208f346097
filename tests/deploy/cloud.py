"""What a pipeline meets outside: an OIDC endpoint of its platform, and AWS by its own names.

A process that goes through the proxy talks to sts.REGION.amazonaws.com over TLS, with a certificate that it trusts, as
it would outside; the proxy ends the TLS, and the account on loopback answers. No address is given to the tool.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.always import self_signed

TOKEN = "eyJ0b2tlbg.of-this-job.for-a-test"
BEARER = "planted-request-token"
HOSTS = ("iam.amazonaws.com", "sts.us-east-1.amazonaws.com", "organizations.us-east-1.amazonaws.com")


@dataclass
class Cloud:
    """environment: what a process needs to get there; hosts: those that were asked; audiences: of the tokens given;
    asked: how often a token was asked for, which takes `wait` seconds.
    """

    environment: dict[str, str]
    token_url: str
    hosts: list[str] = field(default_factory=list)
    audiences: list[str] = field(default_factory=list)
    token: str = TOKEN
    wait: float = 0.0
    asked: int = 0


class _Quiet(BaseHTTPRequestHandler):
    cloud: Cloud
    account: str
    context: ssl.SSLContext

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's signature
        pass

    def reply(self, status: int, body: bytes, kind: str = "text/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """The OIDC endpoint of a job, which knows it by its bearer token."""
        self.cloud.asked += 1
        time.sleep(self.cloud.wait)
        if self.headers.get("Authorization") != f"Bearer {BEARER}":
            self.reply(401, b"{}")
            return
        self.cloud.audiences += parse_qs(urlsplit(self.path).query).get("audience", [])
        self.reply(200, json.dumps({"count": 1, "value": self.cloud.token}).encode(), "application/json")

    def do_CONNECT(self) -> None:
        """The way to a host of AWS: what is said inside the TLS is put before the account."""
        self.cloud.hosts.append(self.path.partition(":")[0])
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError), self.context.wrap_socket(self.connection, server_side=True) as inside:
            inner = type("Inside", (_Inside,), {"account": self.account})
            inner(inside, self.client_address, self.server)
        self.close_connection = True


class _Inside(_Quiet):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with contextlib.closing(http.client.HTTPConnection(self.account, timeout=60)) as account:
            account.request("POST", self.path, body, dict(self.headers.items()))
            answer = account.getresponse()
            self.reply(answer.status, answer.read(), answer.headers.get("Content-Type", ""))


@contextlib.contextmanager
def cloud(folder: Path, account: str) -> Iterator[Cloud]:
    """account: the address of the account, `http://127.0.0.1:PORT`."""
    certificate = self_signed(folder / "certificate.pem", *HOSTS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    handler = type("Handler", (_Quiet,), {"account": urlsplit(account).netloc, "context": context})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        # curl asks the OIDC endpoint without a proxy.
        environment = {"HTTPS_PROXY": url, "AWS_CA_BUNDLE": str(certificate), "NO_PROXY": "127.0.0.1"}
        handler.cloud = Cloud(environment, f"{url}/token?api-version=2.0")  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield handler.cloud  # type: ignore[attr-defined]
        finally:
            server.shutdown()
