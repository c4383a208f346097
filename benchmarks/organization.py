"""`make bench-organization`: a simulated organization audited over TLS, by each engine, with trouble in it.

`python -m benchmarks.organization [ACCOUNTS [CASE...]]`: 300 accounts where nothing is said; `make bench-organization
ACCOUNTS=10000` is the proof, of half an hour. Each account has USERS users in GROUPS groups, each call takes
LATENCY ms, and a tenth of the accounts are in trouble (benchmarks.crowd). The cases:

- `one` account, for what a start costs;
- `bare`: what an audit of each calls, with botocore alone, for what of the processor time is botocore's;
- `threads`;
- `unit`: accounts that Organizations lists below the root;
- `resume`: killed (SIGKILL) when half of the accounts were entered, and begun again;
- `shards`: two, one after another, and merged;
- `processes`: two, of eight threads each;
- `killed`: the same, where one of them is killed at half;
- `dask`: two workers, one of which is killed at half.

What is checked of each: every account of the organization is in the report just once, as an audit or as an error, with
the outcome that its trouble asks for, and its drift is its own. The report is that of `threads`, byte for byte but for
its times. Each account was entered once (AssumeRole), as the server counts it; one that a killed process had under way
may be entered twice, and one that was kept before the kill is not entered again.

Processor time and memory are those of the tool's own processes; the server has one of its own, on the same cores.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmarks import crowd
from benchmarks.certificates import Certificates, made
from benchmarks.measuring import CHECKOUT, INSTALLED, Held, clean_environment, held
from benchmarks.serving import control, served
from benchmarks.watched import Watched, busiest, watch

USERS, GROUPS, LATENCY = 50, 5, 30
ACCOUNTS = 300
WINDOW = 16
THREADS = ("--engine", "threads")
PROCESSES = ("--engine", "processes", "--workers", "2")
TIMES = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
HEADS = (
    "case",
    "wall s",
    "accounts/s",
    "CPU s",
    "CPU ms an account",
    "by bare",
    "parent MB",
    "all MB",
    "calls",
    "twice",
    "server CPU s",
)


@dataclass
class Case:
    """What a case took, of all of its commands together. told: what the server counted; wrong: what should not be."""

    name: str
    accounts: int
    runs: list[Watched] = field(default_factory=list)
    calls: int = 0
    entered: Counter[str] = field(default_factory=Counter)
    server: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def cpu(self) -> float:
        return sum(each.cpu for each in self.runs)

    def row(self, floor: float) -> tuple[str, ...]:
        """floor: seconds of CPU that botocore alone takes for as many accounts, 0 where it was not measured."""
        wall, cpu = sum(each.wall for each in self.runs), self.cpu
        return (
            self.name,
            f"{wall:.1f}",
            f"{self.accounts / wall:.1f}",
            f"{cpu:.1f}",
            f"{1000 * cpu / self.accounts:.1f}",
            f"{cpu / floor:.2f}" if floor and self.accounts > 1 else "",
            f"{max(each.parent for each in self.runs):.0f}",
            f"{max(each.everyone for each in self.runs):.0f}",
            f"{self.calls:,}",
            str(sum(times > 1 for times in self.entered.values())),
            f"{self.server:.1f}",
        )


@dataclass
class Bench:
    """A folder, a server and its accounts. url: over TLS; asked: where the server says what it was asked."""

    home: Path
    certificates: Certificates
    url: str
    asked: str
    accounts: int

    def __post_init__(self) -> None:
        self.listed = self.home / "listed.yaml"
        self.listed.write_text(desired_state(accounts=crowd.ids(self.accounts)))

    def words(self, path: Path) -> list[str]:
        return ["scan", str(path), "--endpoint-url", self.url]

    def run(self, case: Case, *command: str, meanwhile: Callable[[int], None] = lambda _: None) -> Watched:
        """Run one command of a case, and count for it what it took and what the server was asked."""
        environment = {**clean_environment(self.home, self.certificates), "PYTHONPATH": str(CHECKOUT)}
        seen = watch(command, environment, self.home, meanwhile)
        told = control(self.asked, "told")
        case.runs.append(seen)
        case.calls += told["calls"]
        case.entered.update(told["entered"])
        case.server += told["cpu"]
        return seen

    def scan(self, case: Case, report: Path, *more: str, meanwhile: Callable[[int], None] = lambda _: None) -> Watched:
        # Of two engines the last counts.
        said = ("--output", f"json:{report}", "--parallel", str(WINDOW), *THREADS, *more)
        return self.run(case, str(INSTALLED), *self.words(self.listed), *said, meanwhile=meanwhile)

    def at_half(self, kill: Callable[[int], int | None]) -> Callable[[int], None]:
        """Kills one process, which it is told by the parent's id, when half of the accounts were entered."""
        killed: list[int] = []

        def meanwhile(parent: int) -> None:
            if not killed and control(self.asked, "count") >= self.accounts // 2 and (victim := kill(parent)):
                killed.append(victim)
                os.kill(victim, signal.SIGKILL)

        return meanwhile


def one(bench: Bench) -> Case:
    case = Case("1 account", 1)
    alone = bench.home / "one.yaml"
    alone.write_text(desired_state(accounts=crowd.ids(1)))
    bench.run(case, str(INSTALLED), *bench.words(alone), "--output", f"json:{bench.home / 'one.json'}")
    return case


def bare(bench: Bench) -> Case:
    case = Case(f"bare botocore, {WINDOW} threads", bench.accounts)
    bench.run(case, sys.executable, "-m", "benchmarks.bare_accounts", bench.url, str(bench.accounts), str(WINDOW))
    case.wrong += ["it did not end well"] if case.runs[0].status else []
    return case


def threads(bench: Bench) -> Case:
    case = Case(f"{WINDOW} threads", bench.accounts)
    bench.scan(case, bench.home / "threads.json")
    return checked(bench, case, "threads.json")


def unit(bench: Bench) -> Case:
    case = Case(f"{WINDOW} threads, of a unit", bench.accounts)
    below = bench.home / "unit.yaml"
    below.write_text(desired_state(ou=crowd.ROOT))
    said = ("--output", f"json:{bench.home / 'unit.json'}", "--parallel", str(WINDOW), *THREADS)
    bench.run(case, str(INSTALLED), *bench.words(below), *said)
    return checked(bench, case, "unit.json", same=False)


def resume(bench: Bench) -> Case:
    case = Case(f"{WINDOW} threads, killed at half and resumed", bench.accounts)
    kept = bench.home / "run"
    said = ("--resume", str(kept))
    first = bench.scan(case, bench.home / "resumed.json", *said, meanwhile=bench.at_half(lambda parent: parent))
    if first.status != -signal.SIGKILL:
        case.wrong.append("it was not killed")
    before, done = Counter(case.entered), finished(kept)
    bench.scan(case, bench.home / "resumed.json", *said)
    again = done & (case.entered - before).keys()
    case.wrong += [f"{len(again)} accounts were entered again that were done"] if again or not done else []
    # What was under way when it was killed, and what cannot be read whole, is entered twice.
    most = 2 * WINDOW + sum(crowd.trouble(each) == "unread" for each in crowd.ids(bench.accounts))
    case.name += f" ({len(done):,} kept)"
    return checked(bench, case, "resumed.json", twice=most)


def shards(bench: Bench) -> Case:
    case = Case("2 shards, merged", bench.accounts)
    parts = [bench.home / f"shard-{number}.json" for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        bench.scan(case, part, "--shard", f"{number}/2")
    merge = [str(INSTALLED), "merge", *map(str, parts), "--output", f"json:{bench.home / 'merged.json'}"]
    bench.run(case, *merge)
    return checked(bench, case, "merged.json")


def processes(bench: Bench) -> Case:
    case = Case("2 processes", bench.accounts)
    bench.scan(case, bench.home / "processes.json", *PROCESSES)
    return checked(bench, case, "processes.json")


def killed(bench: Bench) -> Case:
    case = Case("2 processes, one killed at half", bench.accounts)
    bench.scan(case, bench.home / "killed.json", *PROCESSES, meanwhile=bench.at_half(busiest))
    return checked(bench, case, "killed.json", twice=WINDOW)


def dask(bench: Bench) -> Case:
    case = Case("dask, 2 workers, one killed at half", bench.accounts)
    said = ("--engine", "dask", "--workers", "2")
    bench.scan(case, bench.home / "dask.json", *said, meanwhile=bench.at_half(busiest))
    return checked(bench, case, "dask.json", twice=bench.accounts)


CASES: Sequence[Callable[[Bench], Case]] = (one, bare, threads, unit, resume, shards, processes, killed, dask)


def main(arguments: Sequence[str]) -> int:
    accounts = int(arguments[0]) if arguments else ACCOUNTS
    names = set(arguments[1:]) or {each.__name__ for each in CASES}
    if find_spec("distributed") is None:
        names -= {"dask"}
    sizes = (accounts, USERS, GROUPS, LATENCY)
    cases: dict[str, Case] = {}
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificates = made(home)
        ways = served("benchmarks.crowd", *sizes, certificates=certificates, round_trips=())
        organization = stack.enter_context(ways)
        bench = Bench(home, certificates, organization.urls["https", 0], organization.url, accounts)
        for each in CASES:
            if each.__name__ in names:
                case = cases[each.__name__] = each(bench)
                print(f"{case.name}: {'; '.join(case.wrong) or 'as it should be'}", file=sys.stderr)
    print(f"{accounts:,} accounts of {USERS} users in {GROUPS} groups, {LATENCY} ms a call, over TLS")
    floor = cases["bare"].cpu if "bare" in cases else 0.0
    rows = [case.row(floor) for case in cases.values()]
    print(tabulate(rows, HEADS, disable_numparse=True, colalign=("left", *["right"] * (len(HEADS) - 1))))
    if floor:
        print(held(list(must_hold(cases, floor))))
    return 1 if any(case.wrong for case in cases.values()) else 0


def must_hold(cases: Mapping[str, Case], floor: float) -> Iterator[Held]:
    for name in ("threads", "processes"):
        if name in cases:
            what = f"{cases[name].accounts:,} accounts over TLS, {name}, CPU an account, to the bare script"
            yield Held(what, f"{cases[name].cpu / floor:.2f}", "0.75")


def desired_state(**target: Any) -> str:
    """What every account of the server holds, for those of a target."""
    lines = ["version: 1", f"targets: {{all: {json.dumps({**target, 'role': 'audit'})}}}", "policy_sets:"]
    lines += ["  base: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}", "groups:"]
    for group in range(GROUPS):
        members = ", ".join(f"user-{number:04}" for number in range(group, USERS, GROUPS))
        lines.append(f"  group-{group:03}: {{required: [base], members: [{members}]}}")
    return "\n".join(lines) + "\n"


def finished(kept: Path) -> set[str]:
    """The accounts that a run has kept, as the file was left."""
    with contextlib.closing(sqlite3.connect(kept)) as database:
        return {row[0] for row in database.execute("SELECT account FROM accounts")}


def checked(bench: Bench, case: Case, name: str, *, same: bool = True, twice: int = 0) -> Case:
    """What is wrong with the report of a run, and with how often accounts were entered.

    same: whether it has to be the report of `threads`, where that was run; twice: how many may have been entered twice.
    """
    path = bench.home / name
    case.wrong += list(strange(path, crowd.ids(bench.accounts)))
    first = bench.home / "threads.json"
    if same and first.exists() and timeless(first) != timeless(path):
        case.wrong.append("the report is not that of the threads")
    more = sum(times > 1 for times in case.entered.values())
    if more > twice:
        case.wrong.append(f"{more} accounts were entered more than once")
    return case


def timeless(report: Path) -> bytes:
    return TIMES.sub(b"TIME", report.read_bytes())


def strange(path: Path, accounts: Sequence[str]) -> Iterator[str]:
    """What of a report is not as the accounts' troubles ask for."""
    report = json.loads(path.read_bytes())
    outcomes = [*map(of_audit, report["audits"]), *map(of_error, report["errors"])]
    times = Counter(account for account, _ in outcomes)
    if lost := sorted(set(accounts) - times.keys()):
        yield f"not in the report: {len(lost)}, {lost[0]} the first"
    if more := sorted(each for each, count in times.items() if count > 1):
        yield f"more than once in it: {len(more)}, {more[0]} the first"
    known = set(accounts)
    for account, outcome in outcomes:
        if account not in known or outcome != wanted(account):
            yield f"{account}: {outcome}"


def wanted(account: str) -> str:
    ails = crowd.trouble(account)
    if ails == "drifted":
        return f"group-{crowd.lacking(account, GROUPS):03} lacks a policy"
    return ails if ails in ("denied", "unread") else "clean"


def of_audit(audit: Any) -> tuple[str, str]:
    """An account, and what became of it."""
    account, found = audit["account"]["id"], audit["findings"]
    if audit["status"] == "findings" and [each["rule"] for each in found] == ["policy-missing"]:
        subject = found[0]["subject"]
        own = subject.startswith(f"arn:aws:iam::{account}:group/")
        return account, f"{subject.rpartition('/')[2]} lacks a policy" if own else subject
    unread = {each["evidence"].get("call") for each in found if each["rule"] == "not-checked"}
    if audit["status"] == "incomplete" and unread == {"iam:GetAccountAuthorizationDetails"}:
        return account, "unread"
    return account, audit["status"] if not found else f"{len(found)} findings"


def of_error(error: Any) -> tuple[str, str]:
    found = re.fullmatch(r"account ([0-9]{12}): role \S+ cannot be assumed: AccessDenied", error["message"])
    return (found[1], "denied") if found else ("", error["message"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
