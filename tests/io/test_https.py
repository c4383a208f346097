"""Which addresses a message is sent to; the sending itself is in tests/cli/commands/test_notify.py."""

from __future__ import annotations

import pytest

from koding_audit.io.https import check_address, post_message
from koding_audit.model.errors import InputError


@pytest.mark.parametrize(
    "address",
    ["https://hooks.example.com/services/T0/B0/x", "https://example.com:8443/", "https://[::1]:8443/hook?key=a%20b"],
)
def test_an_https_address_is_taken(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://example.com/PLANTED",
        "https://example.com",
        "https://user:PLANTED@example.com/",
        "https://example.com/PLANTED#part",
        "https://example.com/PLANTED\r\nHost: other",
        "https://example.com/PLANTED x",
        "https://ex\u00e4mple.com/PLANTED",
        "file:///etc/PLANTED",
    ],
)
def test_any_other_address_is_refused_and_not_quoted(address: str) -> None:
    with pytest.raises(InputError) as caught:
        post_message(address, b"{}", "application/json", 1)
    assert caught.value.hint
    assert "PLANTED" not in caught.value.message + caught.value.hint
