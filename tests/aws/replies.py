"""What several tests of calls to AWS share: replies, settings and what refuses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.settings import Settings
from koding_audit.model.errors import AccessError

ARN = "arn:aws:iam::123456789012:user/auditor"
Reply = tuple[int, str, bytes]

ROLE = "arn:aws:iam::123456789012:role/audit"
KEYS = {"AccessKeyId": "ASIAROLE", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2030-01-01T00:00:00Z"}


def read_names(connection: Connection) -> list[Any]:
    return connection.pages("ListUserPolicies", "PolicyNames", UserName="someone")


def xml(body: bytes) -> Reply:
    return 200, "text/xml", body


def config_file(environment: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    path = folder / "config"
    path.write_text(text, encoding="utf-8")
    environment.setenv("AWS_CONFIG_FILE", str(path))


def refused(settings: Settings) -> AccessError:
    with pytest.raises(AccessError) as caught, connect(settings):
        pytest.fail("connected")
    assert caught.value.hint
    return caught.value
