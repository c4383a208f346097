"""Fixtures that several rooms share: the local servers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.settings import Settings
from koding_audit.reference import age
from tests.servers.forks import Forks, forking
from tests.servers.moto_account import MotoAccount, running
from tests.servers.replay import Replay, identity, replaying
from tests.simulator.quick import quickened
from tests.slow import LONG, is_slow, seconds_of_file
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


def place_of(nodeid: str) -> tuple[str, str]:
    """The file of a test below tests, and its name without its case."""
    path, _, name = nodeid.partition("::")
    return path.removeprefix("tests/"), name.partition("[")[0]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long, and begin with its files: at the end both workers then have short tests to share."""
    for each in items:
        if is_slow(*place_of(each.nodeid)):
            each.add_marker("slow")
    items.sort(key=lambda each: -seconds_of_file(place_of(each.nodeid)[0]))


TOOK = pytest.StashKey[Counter[tuple[str, str]]]()
"""Seconds that each test took, all of its cases together."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TOOK] = Counter()
    config.pluginmanager.register(Durations(config.stash[TOOK]), "durations-of-tests")


class Durations:
    """Adds up what each test takes; the controller of xdist hears of every worker's."""

    def __init__(self, took: Counter[tuple[str, str]]) -> None:
        self.took = took

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took[place_of(report.nodeid)] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for (path, name), seconds in config.stash[TOOK].most_common():
        if seconds > LONG and not is_slow(path, name):
            terminalreporter.write_line(f"not in tests/slow.py: {seconds:.0f} s tests/{path}::{name}")


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
