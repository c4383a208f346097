"""Where the recordings are, and a connection to a server that answers with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.settings import Settings
from tests.servers.replay import Replay, identity
from tests.shared import NOT_HERE, SHARED

RECORDINGS = SHARED / "recordings"


def replies() -> list[Path]:
    """Every recorded reply; none where the folder is absent."""
    return sorted((RECORDINGS / "replies").glob("*/*.json"))


@pytest.fixture(scope="session")
def recordings() -> Path:
    if not RECORDINGS.is_dir():
        pytest.skip(NOT_HERE)
    return RECORDINGS


@pytest.fixture(scope="session")
def connection(replay_server: Replay) -> Iterator[Connection]:
    """A connection to the replaying server, as the collectors use it, over real HTTP."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "example")
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        replay_server.answer("GetCallerIdentity", identity("644160558196", "arn:aws:iam::644160558196:user/auditor"))
        with connect(Settings(endpoint_url=replay_server.url)) as made:
            made.identity()
            yield made
