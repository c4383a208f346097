"""Fixtures that several rooms share: the local servers."""

from __future__ import annotations

import gc
import os
import socket
import ssl
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.settings import Settings
from koding_audit.reference import age
from tests import skips
from tests.servers.forks import Forks, forking
from tests.servers.moto_account import MotoAccount, running
from tests.servers.replay import Replay, identity, replaying
from tests.simulator.quick import quickened
from tests.terminal import at_terminal, nobody_there  # noqa: F401 - fixtures
from tests.unmeasured import leave_processes_alone, standing_still

# Workers share two cores with whatever else runs: how long an example takes says nothing about the code. In CI the
# examples are the same each time; new ones are for whoever works on the code.
settings.register_profile("shared-machine", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("shared-machine")


MEASURED = pytest.StashKey[dict[str, str]]()
"""What the environment of a process says that is to be measured."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Measure the workers of xdist, which the controller starts after this; what tests start is left alone."""
    if not session.config.getoption("numprocesses", None):  # a worker is told of none
        session.config.stash[MEASURED] = leave_processes_alone()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Nothing that is imported and collected is garbage, and to look for it takes a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@cache
def names_slow(path: Path) -> bool:
    """Whether the marker `slow` stands in a file."""
    return "mark.slow" in path.read_text(encoding="utf-8")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m slow` only the files that name the marker are imported."""
    asked = config.getoption("markexpr") == "slow" and collection_path.suffix == ".py"
    return True if asked and not names_slow(collection_path) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for each in items:
        if each.get_closest_marker("slow") and not names_slow(each.path):
            raise pytest.UsageError(f"{each.nodeid} has the marker `slow` from elsewhere: `-m slow` would not find it")


LONG = 10.0
"""Seconds of a test, all of its cases together, from which on it has to have the marker `slow`."""

TOOK = pytest.StashKey[Counter[str]]()
"""Seconds that each test without the marker took, all of its cases together."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TOOK] = Counter()
    config.pluginmanager.register(Durations(config.stash[TOOK]), "durations-of-tests")
    config.pluginmanager.register(skips)


class Durations:
    """Adds up what each test takes; the controller of xdist hears of every worker's."""

    def __init__(self, took: Counter[str]) -> None:
        self.took = took

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if "slow" not in report.keywords:
            self.took[report.nodeid.partition("[")[0]] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, seconds in config.stash[TOOK].most_common():
        if seconds > LONG:
            terminalreporter.write_line(f"not marked as slow: {seconds:.0f} s {name}")


@pytest.fixture(scope="session", autouse=True)
def quick_clients() -> Iterator[None]:
    """Commands that run in this process make clients of their own each time; processes do it as users have it."""
    with quickened():
        yield


@pytest.fixture(scope="session", autouse=True)
def recent_data() -> Iterator[None]:
    """Commands that run in this process do not mention that the data are old: the tests pass after that day, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(age, "MOST_DAYS", 100_000)
        yield


@pytest.fixture(scope="module")
def unmeasured() -> Iterator[None]:
    """For modules that run thousands of examples through lines that their rooms' tests prove."""
    with standing_still():
        yield


@pytest.fixture(scope="session", autouse=True)
def closed_handshakes() -> Iterator[None]:
    """A connection that its peer reset before the handshake is closed, at servers and clients.

    CPython 3.11 leaves it open in that one case, and the warning would be given to whichever test runs when it is
    collected. The socket that stands in the frame of the error is all that still knows it.
    """
    wrap = ssl.SSLContext.wrap_socket

    def closing(context: ssl.SSLContext, plain: socket.socket, *more: Any, **named: Any) -> ssl.SSLSocket:
        try:
            return wrap(context, plain, *more, **named)
        except OSError as error:
            for frame, _ in traceback.walk_tb(error.__traceback__):
                made = frame.f_locals.get("self")
                if isinstance(made, ssl.SSLSocket):
                    made.close()
            raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "wrap_socket", closing)
        yield


ENDING = 10.0
"""Seconds that a test waits at its end for calls that its runs gave up; each is refused before it is sent again."""


@pytest.fixture(scope="session")
def left_pools() -> Iterator[list[ThreadPoolExecutor]]:
    """The pools of threads whose end nobody waited for."""
    left: list[ThreadPoolExecutor] = []
    shutdown = ThreadPoolExecutor.shutdown

    def noting(pool: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        shutdown(pool, wait, cancel_futures=cancel_futures)
        if not wait:
            left.append(pool)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ThreadPoolExecutor, "shutdown", noting)
        yield left


@pytest.fixture(autouse=True)
def ended_calls(left_pools: list[ThreadPoolExecutor]) -> Iterator[None]:
    """No call that a run gave up lives on in a later test, where its random pauses and its sockets would be blamed."""
    yield
    until = time.monotonic() + ENDING
    while left_pools:
        for thread in left_pools.pop()._threads:
            thread.join(max(0.0, until - time.monotonic()))


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
def forks(pytestconfig: pytest.Config) -> Iterator[Forks]:
    """Starts commands as processes, for the whole session."""
    with forking(pytestconfig.stash.get(MEASURED, {})) as standing:
        yield standing


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


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Keys in the environment and nothing else of AWS: no file, profile or endpoint of this machine's."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's retries without the pauses between them."""
    from botocore.retries.standard import ExponentialBackoff

    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0)


@pytest.fixture(scope="session")
def standing_connection(replay_server: Replay) -> Iterator[Connection]:
    """Made once, for it takes longer than most tests; ask for `connection` instead."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "example")
        replay_server.answer("GetCallerIdentity", identity("123456789012", "arn:aws:iam::123456789012:user/auditor"))
        with connect(Settings(endpoint_url=replay_server.url, timeout=3600)) as made:
            made.identity()
            yield made


@pytest.fixture
def connection(standing_connection: Connection, replay: Replay) -> Connection:
    """A connection to the replaying server, as the collectors use it, over real HTTP."""
    return standing_connection
