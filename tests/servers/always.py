"""A server that says the same to whoever asks: what stands between a machine and AWS, or answers in its place."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Always:
    """url: where it listens; requests: the request lines that it got, `POST /` or `CONNECT sts.amazonaws.com:443`.

    bodies: what came with each of them; headers: likewise.
    """

    url: str
    requests: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextlib.contextmanager
def always(
    status: int,
    body: bytes = b"",
    *,
    headers: Sequence[tuple[str, str]] = (),
    certificate: Path | None = None,
    clock: float = 0.0,
) -> Iterator[Always]:
    """Answers POST and CONNECT. certificate: with its key, for TLS; clock: seconds that its own clock is ahead."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            found.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            found.headers.append(dict(self.headers.items()))
            found.requests.append(f"{self.command} {self.path}")
            self.send_response(status)
            for name, value in (*headers, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_CONNECT = answer  # noqa: N815 - the library's names

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(time.time() + clock)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is the library's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda request, client_address: None  # type: ignore[method-assign] # half a handshake
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        found = Always(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield found
        finally:
            server.shutdown()


def self_signed(path: Path, *hosts: str) -> Path:
    """A certificate for 127.0.0.1 and hosts that nobody vouches for, with its key, in one file."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(timezone.utc)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, hosts)]
    built = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(built.public_bytes(pem) + key.private_bytes(pem, *plain))
    return path
