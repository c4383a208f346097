"""Lets all connections of a run share one TLS context for each CA bundle, so that the bundle is parsed once.

urllib3 loads the bundle into the context again for each new connection: 20 ms of CPU for botocore's, which is
several times as much as the handshake. botocore and urllib3 still create the context and verify each connection.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Any

# What may be set on a connection of urllib3 besides the context and the bundle; then urllib3 is left alone.
_OTHER_SETTINGS = (
    *("cert_file", "key_file", "key_password", "ca_cert_dir", "ca_cert_data", "ssl_version", "ssl_minimum_version"),
    *("ssl_maximum_version", "assert_hostname", "assert_fingerprint"),
)

_CONTEXT_SETTINGS = (
    *("protocol", "options", "verify_mode", "verify_flags", "check_hostname", "hostname_checks_common_name"),
    *("minimum_version", "maximum_version", "post_handshake_auth", "keylog_filename", "security_level"),
)


class SharedContexts:
    """TLS contexts that have loaded a bundle, by their settings and the bundle's file."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[Any, ...], Any] = {}
        self._lock = Lock()

    def share(self, http_session: Any) -> None:
        """Lets the connections of a botocore HTTP session, also those through its proxies, use these contexts.

        If botocore's session has another form than expected, nothing changes: each connection loads the bundle itself.
        """
        classes = getattr(http_session, "_pool_classes_by_scheme", None)
        pool_class = classes.get("https") if isinstance(classes, dict) else None
        if isinstance(classes, dict) and isinstance(getattr(pool_class, "ConnectionCls", None), type):
            classes["https"] = _sharing_pool_class(pool_class, self)

    def find(self, connection: Any) -> Any:
        """Returns a context that has loaded the bundle of a connection; None if the connection has to load it itself.

        The first context of its settings that needs a bundle is shared: it is one that botocore created. A connection
        keeps its own context if it does not verify certificates, has a client certificate, reaches its proxy over TLS,
        or if the bundle cannot be read; then urllib3 raises the error.
        """
        context, bundle = getattr(connection, "ssl_context", None), getattr(connection, "ca_certs", None)
        required = getattr(connection, "cert_reqs", None)
        if context is None or not isinstance(bundle, str) or getattr(required, "name", required) != "CERT_REQUIRED":
            return None
        if any(getattr(connection, name, None) is not None for name in _OTHER_SETTINGS):
            return None
        if getattr(getattr(connection, "proxy", None), "scheme", "http") != "http":
            return None
        try:
            return self._share(context, bundle)
        except (OSError, AttributeError):  # ssl.SSLError is an OSError
            return None

    def _share(self, context: Any, bundle: str) -> Any:
        """Returns the shared context; None if that of the connection has certificates of another file already."""
        file = os.stat(bundle)  # noqa: PTH116 - a bundle that has changed is loaded again
        settings = [getattr(context, name, None) for name in _CONTEXT_SETTINGS]
        ciphers = [each["name"] for each in context.get_ciphers()]
        key = (type(context), *settings, *ciphers, bundle, file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns)
        with self._lock:  # connections are opened in parallel: the first one loads, the others wait
            if key not in self._contexts and not context.cert_store_stats()["x509"]:
                context.load_verify_locations(bundle)
                self._contexts[key] = context
            return self._contexts.get(key)


def _sharing_pool_class(pool_class: Any, contexts: SharedContexts) -> Any:
    """Returns a pool class of urllib3 whose connections use the shared contexts."""
    connection_class: Any = pool_class.ConnectionCls

    class SharingConnection(connection_class):  # type: ignore[misc] # urllib3's, as botocore extends it
        ssl_context: Any
        ca_certs: Any

        def connect(self) -> None:
            """Connects as urllib3 does, with a context that has the bundle, if there is one."""
            shared = contexts.find(self)
            if shared is None:
                super().connect()
                return
            own = self.ssl_context, self.ca_certs
            self.ssl_context, self.ca_certs = shared, None  # without a bundle urllib3 loads nothing
            try:
                super().connect()
            finally:
                self.ssl_context, self.ca_certs = own

    return type("SharingPool", (pool_class,), {"ConnectionCls": SharingConnection})
