"""Accounts that are audited by worker processes of the run, and by a cluster that was there before it."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.accounts.test_run import account, timeless
from tests.endtoend.harness import Command, Result
from tests.endtoend.test_resume import kept
from tests.servers.always import self_signed
from tests.servers.wire import Call
from tests.simulator.account import Account
from tests.simulator.faults import Reply
from tests.simulator.organization import Organization
from tests.simulator.server import listening

pytestmark = pytest.mark.slow

ACCOUNTS = [f"{number:012}" for number in range(100_000_000_001, 100_000_000_025)]
FILE = """version: 1
targets: {all: {accounts: [%s], role: audit}}
policy_sets: {read: {policies: [ReadOnlyAccess]}}
groups: {Readers: {required: [read], members: [ada]}}
"""
SECONDS = 0.3  # that an account is entered in: something is always under way when a test looks


@dataclass
class Slow(Organization):
    """callers: the ids of the keys that roles were assumed with."""

    callers: list[str] = field(default_factory=list)

    def reply(self, call: Call) -> Reply:
        if call.action == "AssumeRole":
            self.callers.append(call.key)
            time.sleep(SECONDS)
        return super().reply(call)

    @property
    def entered(self) -> list[str]:
        return [arn.split(":")[4] for arn, _ in self.assumed]


@pytest.fixture
def organization() -> Iterator[Slow]:
    """Of every third account the group lacks its policy."""
    members = {each: account(attached=number % 3 > 0) for number, each in enumerate(ACCOUNTS)}
    with listening(Slow(Account(), members=members)) as server:
        yield server


@pytest.fixture
def command(tmp_path: Path, organization: Slow) -> Command:
    (tmp_path / "desired.yaml").write_text(FILE % ", ".join(f'"{each}"' for each in ACCOUNTS))
    (tmp_path / "tmp").mkdir()
    made = Command(tmp_path, organization.url)
    made.environment["TMPDIR"] = str(tmp_path / "tmp")
    return made


SAID = ("scan", "desired.yaml", "--resume", "all.run", "--quiet", "--output", "json")
LOCAL = ("--workers", "2", "--parallel", "4", "--engine")
ENGINES = ("processes", "dask")


def until(seen: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended(process: subprocess.Popen[bytes]) -> Result:
    out, err = process.communicate(timeout=60)
    return Result(process.returncode, out.decode(), err.decode())


def in_threads(command: Command, organization: Slow) -> str:
    """What one process reports, but for its times."""
    report = command("scan", "desired.yaml", "--output", "json").stdout
    organization.assumed.clear()
    organization.callers.clear()
    return timeless(report)


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_lost_or_told_twice_when_a_worker_is_killed_and_the_report_is_that_of_threads(
    engine: str, tmp_path: Path, command: Command, organization: Slow
) -> None:
    wanted = in_threads(command, organization)
    process = command.start(*SAID, *LOCAL, engine)
    until(lambda: kept(tmp_path / "all.run"))
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) == 2
    check_closed_to_others([psutil.Process(process.pid), *workers], listening=engine == "dask")
    workers[0].kill()
    done = kept(tmp_path / "all.run")
    seen = ended(process)
    assert (seen.status, seen.stderr, timeless(seen.stdout)) == (1, "", wanted)
    assert not any(each.is_running() for each in workers)
    times = Counter(organization.entered)
    assert set(times) == set(ACCOUNTS)
    assert {times[each] for each in done} == {1}
    assert 0 < len(done) < len(ACCOUNTS) - 4
    organization.assumed.clear()
    again = command(*SAID, *LOCAL, engine)
    assert (organization.assumed, timeless(again.stdout)) == ([], wanted)


def check_closed_to_others(processes: list[psutil.Process], *, listening: bool) -> None:
    """No port of theirs is reached from elsewhere, or tells anything to somebody without the keys of the run."""
    ports = [each.laddr for one in processes for each in one.net_connections("tcp") if each.status == "LISTEN"]
    assert len(ports) >= len(processes) if listening else ports == []
    for address in ports:
        assert address.ip == "127.0.0.1"
        with socket.create_connection(address, timeout=10) as plain:
            plain.sendall(b"GET /json/identity.json HTTP/1.0\r\n\r\n")
            said = answered(plain)
        if said:
            assert said == b"HTTP/1.1 404 Not Found"
            continue
        anybody = ssl._create_unverified_context()
        with (
            contextlib.suppress(ssl.SSLError),
            socket.create_connection(address, timeout=10) as inner,
            anybody.wrap_socket(inner) as stranger,
        ):
            assert answered(stranger) == b""


def answered(connection: socket.socket) -> bytes:
    """The first line of what comes, or nothing where the other side closes."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        return connection.makefile("rb").readline().strip()
    return b""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_run(
    how: signal.Signals, engine: str, command: Command, organization: Slow, tmp_path: Path
) -> None:
    process = command.start(*SAID, *LOCAL, engine)
    until(lambda: organization.assumed)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) == 2
    process.send_signal(how)
    seen = ended(process)
    if how == signal.SIGTERM:
        assert seen.status == 2
        assert seen.stderr.startswith("error: interrupted")
        assert seen.stderr.count("\n") == 1
    until(lambda: not any(each.is_running() for each in workers))
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.fixture
def cluster(tmp_path: Path, command: Command) -> Iterator[tuple[str, subprocess.Popen[bytes], list[str]]]:
    """A scheduler and a worker, whose AWS keys are other ones: the address, the scheduler, the options for it."""
    pem = str(self_signed(tmp_path / "cluster.pem"))
    dask = str(Path(sys.executable).parent / "dask")
    tls = ["--tls-ca-file", pem, "--tls-cert", pem, "--tls-key", pem, "--scheduler-file", str(tmp_path / "scheduler")]
    begin = ["scheduler", "--host", "127.0.0.1", "--protocol", "tls", "--port", "0", "--no-dashboard"]
    join = ["worker", "--host", "127.0.0.1", "--nthreads", "2", "--no-dashboard", "--no-nanny"]
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    theirs = {**command.environment, "AWS_ACCESS_KEY_ID": "AKIAWORKER"}
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen([dask, *words, *tls], cwd=tmp_path, env=theirs, **nowhere))
            for words in (begin, join)
        ]
        for each in processes:
            stack.callback(each.kill)
        until((tmp_path / "scheduler").exists)
        until((tmp_path / "scheduler").read_text)
        address = json.loads((tmp_path / "scheduler").read_text())["address"]
        yield address, processes[0], ["--tls-ca", pem, "--tls-cert", pem, "--tls-key", pem]


def test_a_cluster_enters_accounts_with_credentials_of_its_own_and_what_is_left_when_it_is_lost_is_said(
    tmp_path: Path,
    command: Command,
    organization: Slow,
    cluster: tuple[str, subprocess.Popen[bytes], list[str]],
) -> None:
    wanted = in_threads(command, organization)
    address, scheduler, keys = cluster
    seen = command(*SAID, "--scheduler", address, *keys)
    assert (seen.status, seen.stderr, timeless(seen.stdout)) == (1, "", wanted)
    assert set(organization.callers) == {"AKIAWORKER"}
    (tmp_path / "all.run").unlink()
    process = command.start(*SAID, "--scheduler", address, *keys)
    until(lambda: kept(tmp_path / "all.run"))
    scheduler.kill()
    lost = ended(process)
    assert lost.status == 2
    found = [each["account"]["id"] for each in lost.report["audits"]]
    said = [each["message"] for each in lost.report["errors"]]
    gone = "not audited: the scheduler of the cluster has ended"
    assert said == [f"account {each}: {gone}" for each in ACCOUNTS if each not in found]
    assert kept(tmp_path / "all.run") == set(found)
    assert said
