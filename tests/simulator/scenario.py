"""The scenarios of the sweep: a file, an account that is not as it says, and one run of the tool over both."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from koding_audit.aws import connection, deadline, iam
from koding_audit.cli import main
from koding_audit.remediation import executor
from tests.servers.wire import READS, Call
from tests.simulator.account import ACCOUNT, AWS, Account, State
from tests.simulator.server import Simulator, Target, asks

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYplanted"
TOKEN = "FwoGZXIvYXdzEPplanted"
KEY = "AKIAEXAMPLE"
_LAST_PAGE = 60  # of a list without end; the tool's own, of ten thousand, would take a minute each time
FILE = """version: 1
account: {id: "123456789012", partition: aws}
policy_sets:
  build: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}
  logs:
    policies:
      - name: team-logs
        path: /team/
        document:
          Version: 2012-10-17
          Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "arn:${partition}:s3:::logs/*"}
groups:
  Developers: {required: [build], members: [ada, grace, new]}
  Readers: {required: [logs]}
  Fresh: {required: [build], members: [ada]}
users:
  ada:
    required: [logs]
    inline:
      own: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "sqs:SendMessage", Resource: "*"}}
  grace: {}
  new: {}
"""
MANAGED = ("AmazonEC2FullAccess", "IAMReadOnlyAccess", "CloudWatchLogsReadOnlyAccess", "AmazonS3ReadOnlyAccess")
READ_ONLY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
)
REPLACING = """version: 1
account: {id: "123456789012", partition: aws}
policy_sets:
  build: {policies: [AmazonEC2FullAccess]}
  logs:
    policies:
      - name: team-logs
        document:
          Version: 2012-10-17
          Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "arn:${partition}:s3:::logs/*"}
groups:
  Developers: {required: [build, logs], members: [ada, grace], exclusive: true}
users:
  ada:
    inline:
      own: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "sqs:SendMessage", Resource: "*"}}
  grace: {}
"""


def drifted() -> Account:
    """The account before the fix; grace is in Developers already, and somebody attached S3 to it."""
    account = Account()
    for name in MANAGED:
        account.add_policy(AWS + name, READ_ONLY)
    account.add("Group", "Developers", attached=[f"{AWS}AmazonS3ReadOnlyAccess"])
    account.add("Group", "Readers")
    account.add("User", "ada")
    account.add("User", "grace", groups={"Developers"})
    return account


def overgrown() -> Account:
    """The account before a fix that takes away: strangers, another document inline, and another one of the policy."""
    account = Account()
    for name in MANAGED:
        account.add_policy(AWS + name, READ_ONLY)
    own = f"arn:aws:iam::{ACCOUNT}:policy/team-logs"
    account.add_policy(own, READ_ONLY)
    account.add("Group", "Developers", attached=[f"{AWS}AmazonS3ReadOnlyAccess", own], inline={"old": READ_ONLY})
    account.add("User", "ada", inline={"own": READ_ONLY})
    account.add("User", "grace")
    account.add("User", "eve", groups={"Developers"})
    return account


@dataclass(frozen=True)
class Scenario:
    """flags: what a plan, and a fix, are allowed."""

    file: str
    account: Callable[[], Account]
    flags: tuple[str, ...] = ("--create",)


SCENARIOS: Mapping[str, Scenario] = {
    "fix": Scenario(FILE, drifted),
    "listed": Scenario(f"{FILE}closed: {{users: true, groups: true}}\n", drifted),
    "replace": Scenario(REPLACING, overgrown, ("--create", "--replace")),
}
"""`listed` reads the whole account by GetAccountAuthorizationDetails; `replace` takes away and replaces, too."""


@dataclass(frozen=True)
class Run:
    """One run of the tool.

    report: the JSON report, {} where there is none; journal: its lines, parsed; files: the text of the journal and of
    the plan; unrecorded: writes that came before the journal knew of them; seconds: by the account's clock.
    """

    status: int
    report: Mapping[str, Any]
    journal: tuple[Mapping[str, Any], ...]
    output: str
    writes: tuple[str, ...]
    calls: int
    files: str = ""
    unrecorded: tuple[str, ...] = ()
    seconds: float = 0.0


def run(simulator: Simulator, folder: Path, scenario: str = "fix") -> Run:
    """`scan --fix --yes` over the scenario's file."""
    wanted = SCENARIOS[scenario]
    file = folder / "desired.yaml"
    file.write_text(wanted.file)
    return command(simulator, folder, "scan", str(file), "--fix", *wanted.flags, "--yes", "--output", "json")


def setup(simulator: Simulator, folder: Path) -> Run:
    """`setup --yes` over the scenario's file, without a key."""
    (folder / "desired.yaml").write_text(FILE)
    return command(simulator, folder, "setup", str(folder / "desired.yaml"), "--yes", "--output", "json")


def apply(simulator: Simulator, folder: Path) -> Run:
    """`apply --yes` of the plan in the folder."""
    return command(simulator, folder, "apply", str(folder / "fix.plan"), "--yes", "--output", "json")


def undo(simulator: Simulator, folder: Path) -> Run:
    """`undo --yes` of the fix whose journal is in the folder."""
    return command(simulator, folder, "undo", str(folder / "fix.jsonl"), "--yes", "--account", ACCOUNT)


def planned(simulator: Simulator, folder: Path, scenario: str = "fix") -> None:
    """A plan for the account as it is, in the folder."""
    (folder / "desired.yaml").write_text(SCENARIOS[scenario].file)
    (folder / "fix.plan").unlink(missing_ok=True)
    flags = SCENARIOS[scenario].flags
    arguments = ("plan", str(folder / "desired.yaml"), *flags, "--out", str(folder / "fix.plan"))
    made = command(simulator, folder, *arguments, journal=False)
    if made.status != 0:
        raise AssertionError(f"no plan could be made: {made.output}")


def command(simulator: Simulator, folder: Path, *arguments: str, journal: bool = True, endpoint: bool = True) -> Run:
    """One command in this process, with a clock that is the account's. endpoint: whether it is told of the account."""
    path = folder / "journal.jsonl"
    path.unlink(missing_ok=True)
    said = [*arguments, *(["--journal", str(path)] if journal else [])]
    said += ["--endpoint-url", simulator.url] if endpoint else []
    out, err = io.StringIO(), io.StringIO()
    unrecorded: list[str] = []
    simulator.watch = partial(_check_recorded, path, unrecorded)
    begun = simulator.account.now
    with (
        _own_signals(),
        _clock(simulator.account),
        patch.dict(os.environ, _environment(folder, simulator.bundle), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        standing = set(threading.enumerate())
        status = main(said)
        _await_calls(standing)
    files = [each.read_text() if each.exists() else "" for each in (path, folder / "fix.plan")]
    found = out.getvalue()
    return Run(
        status,
        json.loads(found) if found.startswith("{") else {},
        tuple(json.loads(line) for line in files[0].splitlines()),
        found + err.getvalue(),
        tuple(simulator.writes),
        len(simulator.calls),
        "".join(files),
        tuple(unrecorded),
        simulator.account.now - begun,
    )


def _await_calls(standing: set[threading.Thread]) -> None:
    """What a refused run had begun to read ends with its connection: no call of it is one of the next run's.

    standing: the threads from before the run, of connections that other tests keep open: they do not end.
    """
    for each in set(threading.enumerate()) - standing:
        if each.name.startswith("aws"):
            each.join(10)


def _check_recorded(journal: Path, unrecorded: list[str], call: Call) -> None:
    """Whether the journal on the disk says that a write has begun, at the moment when it comes."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    begun = (
        (line["action"], line["parameters"]) for line in map(json.loads, lines) if line.get("outcome") == "started"
    )
    if all((action, _as_sent(given)) != (call.action, call.parameters) for action, given in begun):
        unrecorded.append(asks(call))


def _as_sent(given: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as the query protocol writes them."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}


def _environment(folder: Path, bundle: Path | None) -> dict[str, str]:
    common = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"}
    if bundle:
        common["AWS_CA_BUNDLE"] = str(bundle)
    if (folder / "ask").exists():
        return {**common, "AWS_PROFILE": "expiring"}
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    return {**common, **keys}


_ASK = """#!/bin/sh
read -r good < "$HOME/good"; read -r expired < "$HOME/expired"
if [ -e "$HOME/over" ]; then echo "$expired"; else echo "$good"; fi
"""


@contextlib.contextmanager
def expiring(folder: Path) -> Iterator[Callable[[], None]]:
    """Runs in this folder get their keys from a program, which hands out expired ones once what is yielded was called.

    Its keys are so short-lived that botocore asks it again at each call.
    """
    keys = {"Version": 1, "AccessKeyId": KEY, "SecretAccessKey": SECRET, "SessionToken": TOKEN}
    now = datetime.now(timezone.utc)
    for name, expires in (("good", now + timedelta(minutes=5)), ("expired", now - timedelta(minutes=5))):
        (folder / name).write_text(json.dumps({**keys, "Expiration": expires.isoformat()}) + "\n")
    (folder / "ask").write_text(_ASK)
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws" / "config").write_text(f"[profile expiring]\ncredential_process = sh {folder / 'ask'}\n")
    try:
        yield (folder / "over").touch
    finally:
        for name in ("ask", "over", ".aws/config"):
            (folder / name).unlink(missing_ok=True)


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """The tool says what SIGTERM and SIGHUP do to its process; this one is to end by them as it did before."""
    usual = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in usual.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def _clock(account: Account) -> Iterator[None]:
    """Nobody waits: to sleep is to move the account's clock on, by which the deadlines go too."""

    def sleep(seconds: float) -> None:
        account.now += seconds

    timed = (lambda: account.now, sleep)
    with (
        patch.object(time, "sleep", sleep),
        patch.object(executor.Clock.__init__, "__defaults__", timed),
        patch.object(iam.read_credential_report, "__defaults__", (sleep,)),
        patch.object(connection, "PAGE_CAP", _LAST_PAGE),
        patch.object(deadline, "time", SimpleNamespace(monotonic=lambda: account.now)),
    ):
        yield


# --- the scenarios without faults -------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """What is known of a scenario without faults: the account before and after, the writes and calls, in order.

    audit: how many of the calls there are before the first look at what the first step touches.
    """

    name: str
    before: State
    after: State
    writes: tuple[str, ...]
    calls: tuple[Target, ...]
    audit: int = 0


def explored(simulator: Simulator, folder: Path, name: str = "fix") -> World:
    """The scenario run once without a fault: of an `apply` and an `undo` those of the base scenario."""
    before = begun(simulator, folder, name)
    seen = RUNS[name](simulator, folder)
    if seen.status != 0:
        raise AssertionError(f"{name} does not come out clean by itself: {seen.output}")
    first = next(number for number, (asked, _) in enumerate(simulator.calls) if not asked.startswith(READS))
    # Just before a write is asked again what an audit asked before.
    audit = 1 + max(place for place, (_, number) in enumerate(simulator.calls[:first]) if number == 1)
    writes = tuple(dict.fromkeys(seen.writes))
    return World(name, before, simulator.account.state, writes, tuple(simulator.calls), audit)


def begun(simulator: Simulator, folder: Path, name: str) -> State:
    """Put the account where a run of this name begins, with its plan or journal in the folder; the state it is in."""
    simulator.account = SCENARIOS.get(name, SCENARIOS["fix"]).account()
    simulator.forget()
    if name == "apply":
        planned(simulator, folder)
    elif name == "undo":
        fixed(simulator, folder)
    else:
        (folder / "fix.plan").unlink(missing_ok=True)
    simulator.forget()
    return copy.deepcopy(simulator.account.state)


def fixed(simulator: Simulator, folder: Path) -> None:
    """The account after a fix without a fault; its journal is kept for undo."""
    simulator.account = drifted()
    simulator.forget()
    run(simulator, folder)
    (folder / "journal.jsonl").replace(folder / "fix.jsonl")


RUNS: Mapping[str, Callable[[Simulator, Path], Run]] = {
    "fix": run,
    "listed": partial(run, scenario="listed"),
    "replace": partial(run, scenario="replace"),
    "apply": apply,
    "undo": undo,
    "setup": setup,
}
AGAIN: Mapping[str, Callable[[Simulator, Path], Run]] = {**RUNS, "apply": run}
"""How each is run again: a plan that was applied in part is stale, so that a fix follows it."""
