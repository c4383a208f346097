"""`make bench`: wall time, CPU time, memory and calls of the command against a local server, in one table.

Each case runs RUNS times, all cases in turn, so that a slow minute of the machine is shared by all; medians are shown.
The bare botocore script makes the very calls that the scan made. Quote ratios within one table, not times of two.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tabulate import tabulate

RUNS = 7
USERS, GROUPS = 1000, 100
LATENCY = 50  # milliseconds added to each call in the slow cases
CHECKOUT = Path(__file__).parents[1]
HEAVY = ("boto3", "botocore", "moto", "jsonschema", "tabulate")


@dataclass
class Run:
    """One process: seconds of wall and CPU, peak memory in MB, what it called."""

    wall: float
    cpu: float
    memory: float
    calls: list[Any]


@dataclass
class Case:
    """Something to measure. server: the account that it talks to, None for none; latency: ms added to each call."""

    name: str
    command: Sequence[str]
    server: str | None = None
    latency: int = 0
    versus: str = ""
    runs: list[Run] = field(default_factory=list)

    def median(self, value: str) -> float:
        return statistics.median(getattr(run, value) for run in self.runs)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, server(0, 1) as small, server(USERS, GROUPS) as big:
        home = Path(folder)
        environment = clean_environment(home)
        full = home / "full.yaml"
        full.write_text(desired_state())
        guide = str(CHECKOUT / "policies" / "koding.yaml")
        scan = measure(Case("", scan_of(guide, small), small), environment)
        bare = [sys.executable, "-m", "benchmarks.bare", small, json.dumps(scan.calls)]
        cases = [
            Case("bare botocore, the same calls", bare, small),
            Case("scan: 1 user, 1 group", scan_of(guide, small), small, versus="bare botocore, the same calls"),
            Case(f"bare botocore, {LATENCY} ms a call", bare, small, LATENCY),
            Case(
                f"scan: 1 user, 1 group, {LATENCY} ms a call",
                scan_of(guide, small),
                small,
                LATENCY,
                f"bare botocore, {LATENCY} ms a call",
            ),
            Case(f"scan: {USERS:,} users x {GROUPS} groups", scan_of(str(full), big), big),
            *(Case(f"koding-audit {word}", [command(), word]) for word in ("--help", "--version", "schema")),
        ]
        for _ in range(RUNS):
            for case in cases:
                case.runs.append(measure(case, environment))
        print(table(cases, environment))


def scan_of(path: str, url: str) -> list[str]:
    return [command(), "scan", path, "--endpoint-url", url]


def command() -> str:
    found = shutil.which("koding-audit", path=str(Path(sys.executable).parent))
    if found is None:
        sys.exit("koding-audit is not installed beside this Python")
    return found


def measure(case: Case, environment: Mapping[str, str]) -> Run:
    """Run it once. It has to end with status 0: what fails early would look fast."""
    if case.server:
        control(case.server, f"latency/{case.latency}")
        control(case.server, "calls")
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(case.command, cwd=CHECKOUT, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            sys.exit(f"{case.command} ended with {process.returncode}:\n{output.read().decode()}")
    calls = control(case.server, "calls") if case.server else []
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, calls)


def table(cases: Sequence[Case], environment: Mapping[str, str]) -> str:
    by_name = {case.name: case for case in cases}
    rows = []
    for case in cases:
        other = by_name.get(case.versus)
        ratio = f"{case.median('wall') / other.median('wall'):.2f}" if other else ""
        rows.append(
            (
                case.name,
                f"{case.median('wall') * 1000:.0f}",
                f"{case.median('cpu') * 1000:.0f}",
                ratio,
                f"{case.median('memory'):.0f}",
                len(case.runs[-1].calls) if case.server else "",
                "" if case.server else ", ".join(imported(case.command, environment)) or "none",
            )
        )
    headers = ("case", "wall ms", "CPU ms", "to bare", "peak MB", "calls", "imports")
    slow, fast = (by_name[f"scan: 1 user, 1 group{extra}"].median("wall") for extra in (f", {LATENCY} ms a call", ""))
    notes = (
        f"Medians of {RUNS} runs. To bare: wall time by that of the bare script in the same conditions.",
        f"{LATENCY} ms added to each call cost {(slow - fast) * 1000:.0f} ms more wall.",
        f"Imports: which of {', '.join(HEAVY)}.",
    )
    return "\n".join((tabulate(rows, headers, disable_numparse=True), *notes))


def imported(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Which of the heavy packages a command imports."""
    done = subprocess.run(
        arguments, env={**environment, "PYTHONPROFILEIMPORTTIME": "1"}, capture_output=True, text=True, check=True
    )
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    return [name for name in HEAVY if name in modules]


def desired_state() -> str:
    """What benchmarks.server's big account holds, as a file that it meets."""
    lines = [
        "version: 1",
        "policy_sets:",
        "  base:",
        "    policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]",
        "groups:",
    ]
    for group in range(GROUPS):
        members = ", ".join(f"user-{number:04}" for number in range(group, USERS, GROUPS))
        lines += [f"  group-{group:03}:", "    required: [base]", f"    members: [{members}]"]
    return "\n".join(lines) + "\n"


def clean_environment(home: Path) -> dict[str, str]:
    """Nothing of AWS's from outside; credentials that open nothing."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextlib.contextmanager
def server(*sizes: int) -> Iterator[str]:
    """The URL of a server in a process of its own. sizes: its users and groups, and roles and policies."""
    arguments = [sys.executable, "-m", "benchmarks.server", *map(str, sizes)]
    with subprocess.Popen(arguments, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def control(url: str, path: str) -> Any:
    with urllib.request.urlopen(f"{url}/-/{path}", timeout=10) as reply:
        return json.load(reply)


if __name__ == "__main__":
    main()
