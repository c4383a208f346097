"""Sends one message to an address that is a secret: https only, no redirect, in time, and the address is never told."""

from __future__ import annotations

import re
import threading
from typing import Any

from koding_audit import __version__
from koding_audit.model.errors import AuditError, InputError

# Printable ASCII without a user, a fragment or anything that would have to be escaped.
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]*|https://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?/[!-~]*")
_WORD = re.compile(r"[a-z]{2,20}(_[a-z]{1,20}){0,5}")  # how Slack says what is wrong: `invalid_payload`, `no_service`
_LATER = "the message was not delivered; the next run can tell it, if --since stays as it is"


def check_address(address: str) -> None:
    """Whether it is an https address. Raises InputError, which does not quote it."""
    if not _ADDRESS.fullmatch(address) or "#" in address:
        shown = "https://HOST/PATH, in ASCII, without a user and a fragment"
        raise InputError("the address to notify is no https address", f"it is to be {shown}")


def post_message(address: str, body: bytes, content_type: str, timeout: float) -> None:
    """Send it, once. timeout: seconds, for all of it. Raises AuditError where no status of 2xx comes back.

    Certificates are those of the system, or of SSL_CERT_FILE; proxies those of HTTPS_PROXY and NO_PROXY.
    """
    check_address(address)
    done: list[str] = []
    # Looking up a name, and a server that sends a byte now and then, know no timeout of their own.
    sender = threading.Thread(target=lambda: done.append(_try_post(address, body, content_type, timeout)), daemon=True)
    sender.start()
    sender.join(timeout)
    problem = done[0] if done else f"no answer came within {timeout:g} seconds"
    if problem:
        raise AuditError(f"the notification failed: {problem}", _LATER)


def _try_post(address: str, body: bytes, content_type: str, timeout: float) -> str:
    """What is wrong, in words that hold nothing of the address, or ""."""
    import http.client  # noqa: PLC0415 - whoever is not told anything does not load TLS
    import urllib.error  # noqa: PLC0415 - as above
    import urllib.request  # noqa: PLC0415 - as above

    headers = {"Content-Type": content_type, "User-Agent": f"koding-audit/{__version__}"}
    request = urllib.request.Request(address, body, headers, method="POST")  # noqa: S310 - https, as checked
    opener = urllib.request.OpenerDirector()  # the usual one follows redirects and knows other schemes
    for handler in (urllib.request.ProxyHandler(), urllib.request.HTTPSHandler()):
        opener.add_handler(handler)
    try:
        with opener.open(request, timeout=timeout) as reply:
            return "" if 200 <= reply.status < 300 else _status_problem(reply.status, reply.read(200), address)
    except urllib.error.URLError as error:
        return _error_reason(error.reason)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _error_reason(error)


def _status_problem(status: int, said: bytes, address: str) -> str:
    """The status, and the one word that may come with it: a server could send the address back."""
    word = said.decode("ascii", "replace").strip()
    told = f": {word}" if _WORD.fullmatch(word) and word not in address else ""
    elsewhere = ", to another address, which was not followed" if 300 <= status < 400 else ""
    return f"the answer is status {status}{elsewhere}{told}"


def _error_reason(error: Any) -> str:
    """Which kind of error; its own words may hold the host, or more."""
    import socket  # noqa: PLC0415 - as above
    import ssl  # noqa: PLC0415 - as above

    if isinstance(error, ssl.SSLCertVerificationError):
        return "the certificate of the address is not one to trust; SSL_CERT_FILE names other authorities"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, socket.gaierror):
        return "its name is not known to DNS"
    if isinstance(error, TimeoutError):
        return "no answer came in time"
    if isinstance(error, OSError):
        return error.strerror or "the connection, or the proxy on its way, failed"
    return "the answer is no HTTP"
