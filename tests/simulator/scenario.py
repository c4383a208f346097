"""The base scenario of the sweep: a file, an account that lacks what it asks for, and one run of the tool over it."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from koding_audit import remediate
from koding_audit.cli import main
from tests.simulator.account import ACCOUNT, AWS, Account, State
from tests.simulator.server import Simulator

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYplanted"
FILE = """version: 1
account: {id: "123456789012"}
policy_sets:
  build: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}
  logs:
    policies:
      - CloudWatchLogsReadOnlyAccess
      - name: team-logs
        path: /team/
        document:
          Version: 2012-10-17
          Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "arn:${partition}:s3:::logs/*"}
groups:
  Developers: {required: [build], members: [ada, grace, new]}
  Readers: {required: [logs], members: [grace]}
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
REMOVALS = ("Detach", "Remove", "Delete")


def drifted() -> Account:
    """The account before the fix; grace is in Developers already, and somebody attached S3 to it."""
    account = Account()
    for name in MANAGED:
        account.add_policy(AWS + name)
    account.add("Group", "Developers", attached=[f"{AWS}AmazonS3ReadOnlyAccess"])
    account.add("Group", "Readers")
    account.add("User", "ada")
    account.add("User", "grace", groups={"Developers"})
    return account


@dataclass(frozen=True)
class Run:
    """One run of the tool. report: the JSON report, {} where there is none; journal: its lines, parsed."""

    status: int
    report: Mapping[str, Any]
    journal: tuple[Mapping[str, Any], ...]
    output: str
    writes: tuple[str, ...]
    calls: int


def run(simulator: Simulator, folder: Path) -> Run:
    """`scan --fix --create --yes` over the file."""
    (folder / "desired.yaml").write_text(FILE)
    return command(
        simulator, folder, "scan", str(folder / "desired.yaml"), "--fix", "--create", "--yes", "--output", "json"
    )


def apply(simulator: Simulator, folder: Path) -> Run:
    """`apply --yes` of the plan in the folder."""
    return command(simulator, folder, "apply", str(folder / "fix.plan"), "--yes", "--output", "json")


def undo(simulator: Simulator, folder: Path) -> Run:
    """`undo --yes` of the fix whose journal is in the folder."""
    return command(simulator, folder, "undo", str(folder / "fix.jsonl"), "--yes", "--account", ACCOUNT)


def planned(simulator: Simulator, folder: Path) -> None:
    """A plan for the account as it is, in the folder."""
    (folder / "desired.yaml").write_text(FILE)
    (folder / "fix.plan").unlink(missing_ok=True)
    arguments = ("plan", str(folder / "desired.yaml"), "--create", "--out", str(folder / "fix.plan"))
    made = command(simulator, folder, *arguments, journal=False)
    if made.status != 0:
        raise AssertionError(f"no plan could be made: {made.output}")


def command(simulator: Simulator, folder: Path, *arguments: str, journal: bool = True) -> Run:
    """One command in this process, with a clock that is the account's."""
    path = folder / "journal.jsonl"
    path.unlink(missing_ok=True)
    said = [*arguments, *(["--journal", str(path)] if journal else []), "--endpoint-url", simulator.url]
    out, err = io.StringIO(), io.StringIO()
    with (
        _clock(simulator.account),
        patch.dict(os.environ, _environment(folder), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        status = main(said)
    lines = path.read_text().splitlines() if path.exists() else []
    found = out.getvalue()
    return Run(
        status,
        json.loads(found) if found.startswith("{") else {},
        tuple(json.loads(line) for line in lines),
        found + err.getvalue(),
        tuple(simulator.writes),
        len(simulator.calls),
    )


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextlib.contextmanager
def _clock(account: Account) -> Iterator[None]:
    """Nobody waits: to sleep is to move the account's clock on."""

    def sleep(seconds: float) -> None:
        account.now += seconds

    timed = (lambda: account.now, sleep)
    with patch.object(time, "sleep", sleep), patch.object(remediate.Clock.__init__, "__defaults__", timed):
        yield


# --- invariants -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """What is known of the scenario without faults: the account before and after, and the writes, in order."""

    before: State
    after: State
    writes: tuple[str, ...]
    calls: tuple[tuple[str, int], ...]


def holdings(state: State) -> frozenset[tuple[str, ...]]:
    """Everything that somebody holds or that exists, as plain facts without ids."""
    facts: set[tuple[str, ...]] = {(each.kind, each.name) for each in state.entities.values()}
    facts |= {("policy", arn) for arn in state.policies}
    for each in state.entities.values():
        own = (each.kind, each.name)
        facts |= {(*own, "attached", arn) for arn in each.attached}
        facts |= {(*own, "in", group) for group in each.groups}
        facts |= {(*own, "inline", name, _normal(text)) for name, text in each.inline.items()}
    return frozenset(facts)


def _normal(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


def broken(world: World, simulator: Simulator, seen: Run) -> list[str]:
    """The invariants I1 to I5, I7 to I9 that one run did not keep, in words."""
    live = holdings(simulator.account.state)
    before, after = holdings(world.before), holdings(world.after)
    distinct = list(dict.fromkeys(seen.writes))
    order = [each for each in world.writes if each in distinct]
    told = _entries(seen)
    audits = seen.report.get("audits", [])
    checks = {
        "I1 a write outside the plan": not set(distinct) <= set(world.writes),
        "I1 writes in another order": distinct != order,
        "I2 something was taken away": any(each.startswith(REMOVALS) for each in seen.writes),
        "I3 the account is not between before and after": not before <= live <= (before | after),
        "I4 status 0, and the account is not as wanted": seen.status == 0 and live != after,
        "I4 no status of ours": seen.status not in (0, 1, 2),
        "I5 a write that the journal does not know": any(told.get(each, "failed") == "failed" for each in distinct),
        "I5 done, and it is not": any(outcome == "done" and each not in seen.writes for each, outcome in told.items()),
        "I7 a crash": "Traceback" in seen.output or "this is a bug" in seen.output,
        "I7 a secret": SECRET in seen.output or "AKIAEXAMPLE" in seen.output,
        "I7 a control character": bool(re.search(r"[\x00-\x08\x0b-\x1f\x7f]", seen.output)),
        "I8 too many calls": seen.calls > 40 * len(world.calls),
        "I9 totals that are not the sum": any(not _adds_up(audit) for audit in audits),
        "I9 no report": not seen.report,
    }
    return [name for name, failed in checks.items() if failed]


def _entries(seen: Run) -> dict[str, str]:
    """The last outcome of each action in the journal, by what it asks."""
    found: dict[str, str] = {}
    for line in seen.journal:
        if "action" in line:
            given = {name: each for name, each in line["parameters"].items() if name != "PolicyDocument"}
            asked = " ".join([line["action"], *(f"{name}={value}" for name, value in sorted(given.items()))])
            found[asked] = line["outcome"]
    return found


def _adds_up(audit: Mapping[str, Any]) -> bool:
    totals = dict.fromkeys(("error", "warning", "note", "waived", "fixed", "not_checked"), 0)
    for each in audit["findings"]:
        if each["rule"] == "not-checked":
            totals["not_checked"] += 1
        elif each["status"] in ("fixed", "waived"):
            totals[each["status"]] += 1
        else:
            totals[each["severity"]] += 1
    return bool(totals == audit["summary"])


def explored(simulator: Simulator, folder: Path) -> World:
    """The scenario run once without a fault."""
    simulator.account = drifted()
    simulator.forget()
    before = copy.deepcopy(simulator.account.state)
    seen = run(simulator, folder)
    if seen.status != 0:
        raise AssertionError(f"the scenario does not come out clean by itself: {seen.output}")
    return World(before, simulator.account.state, tuple(dict.fromkeys(seen.writes)), tuple(simulator.calls))


def converges(world: World, simulator: Simulator, folder: Path) -> list[str]:
    """I6: a run without the fault ends clean and as wanted, and the one after it writes nothing."""
    simulator.forget()
    second = run(simulator, folder)
    failed = []
    if second.status != 0 or holdings(simulator.account.state) != holdings(world.after):
        failed.append(f"I6 the next run does not converge: status {second.status}")
    simulator.forget()
    third = run(simulator, folder)
    if third.status != 0 or third.writes:
        failed.append(f"I6 the third run writes {third.writes}, status {third.status}")
    return failed


# --- apply and undo -----------------------------------------------------------------------------------


def judged_apply(world: World, simulator: Simulator, folder: Path, befall: Callable[[], None]) -> list[str]:
    """What an `apply` with a fault broke; befall puts the fault in, once the plan is made."""
    simulator.account = drifted()
    simulator.forget()
    planned(simulator, folder)
    simulator.forget()
    befall()
    failed = broken(world, simulator, apply(simulator, folder))
    simulator.sticky = False
    return failed + converges(world, simulator, folder)


def judged_undo(world: World, simulator: Simulator, folder: Path, befall: Callable[[], None]) -> list[str]:
    """What an `undo` with a fault broke: between the two states while it is under way, and back in the end."""
    fixed(simulator, folder)
    simulator.forget()
    befall()
    seen = undo(simulator, folder)
    simulator.sticky = False
    before, after, live = holdings(world.before), holdings(world.after), holdings(simulator.account.state)
    told = _entries(seen)
    simulator.forget()
    second = undo(simulator, folder)
    back = holdings(simulator.account.state)
    simulator.forget()
    third = undo(simulator, folder)
    checks = {
        "I3 the account is not between after and before": not before <= live <= (before | after),
        "I4 status 0, and the account is not as it was": seen.status == 0 and live != before,
        "I5 a write that the journal does not know": any(told.get(each, "failed") == "failed" for each in seen.writes),
        "I6 a second undo does not go back": second.status != 0 or back != before,
        "I6 the third undo writes": bool(third.writes),
        "I7 a crash or a secret": "Traceback" in seen.output or "this is a bug" in seen.output or SECRET in seen.output,
    }
    return [name for name, bad in checks.items() if bad]


def fixed(simulator: Simulator, folder: Path) -> None:
    """The account after a fix without a fault; its journal is kept for undo."""
    simulator.account = drifted()
    simulator.forget()
    run(simulator, folder)
    (folder / "journal.jsonl").replace(folder / "fix.jsonl")


def calls_of(simulator: Simulator, folder: Path, mode: str) -> list[tuple[str, int]]:
    """The calls that an `apply` or an `undo` makes without a fault."""
    if mode == "undo":
        fixed(simulator, folder)
        simulator.forget()
        undo(simulator, folder)
    else:
        simulator.account = drifted()
        planned(simulator, folder)
        simulator.forget()
        apply(simulator, folder)
    return sorted(set(simulator.calls))
