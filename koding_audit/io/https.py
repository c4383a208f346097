"""Sends one message to a secret address: https only, without redirects, with a timeout; never shows the address."""

from __future__ import annotations

import re
import threading
from typing import Any

from koding_audit import __version__
from koding_audit.model.errors import AuditError, InputError

# Printable ASCII without a user, a fragment or characters that need escaping.
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]*|https://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?/[!-~]*")
_WORD = re.compile(r"[a-z]{2,20}(_[a-z]{1,20}){0,5}")  # Slack's error codes: `invalid_payload`, `no_service`
_LATER = "the message was not delivered; keep --since unchanged, so that the next run can send it"


def check_address(address: str) -> None:
    """Check that it is an https address. Raises InputError, which does not quote it."""
    if not _ADDRESS.fullmatch(address) or "#" in address:
        hint = "write it as https://HOST/PATH, in ASCII, without a user and a fragment"
        raise InputError("the address to notify is not an https address", hint)


def post_message(address: str, body: bytes, content_type: str, timeout: float) -> None:
    """Send the message once. Raises AuditError unless the status of the reply is 2xx.

    Certificates are those of the system, or of SSL_CERT_FILE; proxies are those of HTTPS_PROXY and NO_PROXY.
    timeout: in seconds, for the whole exchange.
    """
    check_address(address)
    results: list[str] = []
    # The socket's timeout covers neither a name lookup nor a server that sends single bytes slowly.
    sender = threading.Thread(
        target=lambda: results.append(_try_post(address, body, content_type, timeout)), daemon=True
    )
    sender.start()
    sender.join(timeout)
    problem = results[0] if results else f"no reply within {timeout:g} seconds"
    if problem:
        raise AuditError(f"the notification failed: {problem}", _LATER)


def _try_post(address: str, body: bytes, content_type: str, timeout: float) -> str:
    """Send the message and return the problem, without any part of the address; "" for none."""
    import http.client  # noqa: PLC0415 - a run without a notification does not load TLS
    import urllib.error  # noqa: PLC0415 - as above
    import urllib.request  # noqa: PLC0415 - as above

    headers = {"Content-Type": content_type, "User-Agent": f"koding-audit/{__version__}"}
    request = urllib.request.Request(address, body, headers, method="POST")  # noqa: S310 - https, as checked
    opener = urllib.request.OpenerDirector()  # the default one follows redirects and supports other schemes
    for handler in (urllib.request.ProxyHandler(), urllib.request.HTTPSHandler()):
        opener.add_handler(handler)
    try:
        with opener.open(request, timeout=timeout) as reply:
            return "" if 200 <= reply.status < 300 else _status_problem(reply.status, reply.read(200), address)
    except urllib.error.URLError as error:
        return _error_reason(error.reason)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _error_reason(error)


def _status_problem(status: int, reply: bytes, address: str) -> str:
    """The status, and an error code if the reply is one: other replies may contain the address."""
    word = reply.decode("ascii", "replace").strip()
    code = f": {word}" if _WORD.fullmatch(word) and word not in address else ""
    redirect = ", a redirect, which is not followed" if 300 <= status < 400 else ""
    return f"the status of the reply is {status}{redirect}{code}"


def _error_reason(error: Any) -> str:
    """The kind of error; its own text may contain the host or more."""
    import socket  # noqa: PLC0415 - as above
    import ssl  # noqa: PLC0415 - as above

    if isinstance(error, ssl.SSLCertVerificationError):
        return "the certificate of the server is not trusted; SSL_CERT_FILE names other authorities"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, socket.gaierror):
        return "DNS does not know the host"
    if isinstance(error, TimeoutError):
        return "the connection timed out"
    if isinstance(error, OSError):
        return error.strerror or "the connection or the proxy failed"
    return "the reply is not HTTP"
