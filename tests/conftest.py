"""Fixtures that several rooms share: the local servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.moto_account import MotoAccount, running
from tests.servers.replay import Replay, replaying


@pytest.fixture(scope="session")
def moto_server() -> Iterator[MotoAccount]:
    """One server for the whole session (of a worker); ask for `account` instead."""
    with running() as server:
        yield server


@pytest.fixture
def account(moto_server: MotoAccount) -> MotoAccount:
    """An empty account over real HTTP, with AWS's managed policies in it and a root user with MFA."""
    moto_server.reset()
    return moto_server


@pytest.fixture(scope="session")
def replay_server() -> Iterator[Replay]:
    """One server for the whole session; ask for `replay` instead."""
    with replaying() as server:
        yield server


@pytest.fixture
def replay(replay_server: Replay) -> Replay:
    """A server that answers with recordings, none of them put in yet."""
    replay_server.clear()
    return replay_server
