"""TLS on loopback: an authority with good and bad certificates, doors that open connections with them, and a proxy."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

GOOD = "good"
CUT = "cut in the handshake"
NAMED: Mapping[str, str] = {
    "expired": "certificate has expired",
    "wrong host": "doesn't match",
    "unknown authority": "unable to get local issuer certificate",
    CUT: "EOF occurred in violation of protocol",
}
"""What is wrong with a connection, and what a run says of it."""

_LONGEST_HELLO = 16 << 10


@dataclass(frozen=True)
class Authority:
    """bundle: a file with the authority's certificate alone; issued: certificates with their keys, by what they are."""

    bundle: Path
    issued: Mapping[str, Path]


def authority(folder: Path) -> Authority:
    """An authority, and what it and an unknown one issued for 127.0.0.1 and for another host."""
    known, unknown = _Issuer("known"), _Issuer("unknown")
    bundle = folder / "authority.pem"
    bundle.write_bytes(known.pem)
    written = {
        GOOD: known.issue("127.0.0.1", days=1),
        "expired": known.issue("127.0.0.1", days=-1),
        "wrong host": known.issue("127.0.0.2", days=1),
        "unknown authority": unknown.issue("127.0.0.1", days=1),
    }
    issued = {name: folder / f"{name.replace(' ', '-')}.pem" for name in written}
    for name, pem in written.items():
        issued[name].write_bytes(pem)
    return Authority(bundle, issued)


class _Issuer:
    def __init__(self, name: str) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signs = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        ca = x509.BasicConstraints(ca=True, path_length=None)
        built = self._signed(self.name, self.key.public_key(), 3650, (ca, True), (signs, True))
        self.pem = built.public_bytes(serialization.Encoding.PEM)

    def issue(self, host: str, days: int) -> bytes:
        """A certificate for an address that ends in so many days, with its key."""
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        built = self._signed(subject, key.public_key(), days, (names, False))
        pem = serialization.Encoding.PEM
        plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return built.public_bytes(pem) + key.private_bytes(pem, *plain)

    def _signed(self, subject: Any, public: Any, days: int, *extensions: tuple[Any, bool]) -> Any:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder(self.name, subject, public, x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())


@dataclass
class Door:
    """Makes TLS of a server's connections.

    wrong: what is wrong with which connection, by its number from 1 on; first, times: it befalls so many from there on,
    0 for all. asks_certificate: whether who connects has to show one of the authority. connections: how many there
    were; trespasses: requests that came through one with which something was wrong.
    """

    authority: Authority
    wrong: str = GOOD
    first: int = 1
    times: int = 0
    asks_certificate: bool = False
    connections: int = 0
    trespasses: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, plain: socket.socket) -> tuple[socket.socket, bool]:
        """The connection inside TLS, and whether nothing is wrong with it. Raises OSError for a failed handshake."""
        with self._lock:
            self.connections += 1
            number = self.connections
        wrong = number >= self.first and (not self.times or number < self.first + self.times)
        name = self.wrong if wrong else GOOD
        if name == CUT:
            plain.recv(_LONGEST_HELLO)
            plain.close()
            raise ConnectionResetError(CUT)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority.issued[name])
        if self.asks_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authority.bundle)
        return context.wrap_socket(plain, server_side=True), name == GOOD


class DoorHandler(socketserver.StreamRequestHandler):
    """Serves a connection behind a door, and closes it: the server itself closes only what was below TLS.

    behind: the door, None for a plain connection; good: whether nothing is wrong with the connection.
    """

    behind: Door | None = None
    good = True

    def setup(self) -> None:
        if self.behind is not None:
            self.request, self.good = self.behind.open(self.request)
        try:
            super().setup()
        except OSError:  # the client has gone
            self.request.close()
            raise

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.request.close()


@dataclass
class Proxy:
    """url: where it listens; hosts: the `HOST:PORT` of each tunnel."""

    url: str
    hosts: list[str] = field(default_factory=list)


@contextlib.contextmanager
def proxying(door: Door | None = None) -> Iterator[Proxy]:
    """A proxy that makes tunnels; door: how it speaks TLS itself, None for plain connections to it."""

    class Handler(DoorHandler):
        behind = door

        def handle(self) -> None:
            command, target, _ = self.rfile.readline().decode().split()
            while self.rfile.readline().strip():
                pass
            assert command == "CONNECT"
            proxy.hosts.append(target)
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port))) as there:
                self.wfile.write(b"HTTP/1.1 200 tunnel\r\n\r\n")
                threading.Thread(target=_pump, args=(there, self.request), daemon=True).start()
                _pump(self.request, there)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A handshake that is refused is none of our errors."""

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy = Proxy(f"{'https' if door else 'http'}://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield proxy
        finally:
            server.shutdown()


def _pump(here: socket.socket, there: socket.socket) -> None:
    """Copies bytes until one side closes."""
    with contextlib.suppress(OSError):
        while data := here.recv(1 << 16):
            there.sendall(data)
    with contextlib.suppress(OSError):
        there.shutdown(socket.SHUT_RDWR)
