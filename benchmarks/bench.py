"""`make bench`: wall time, CPU time, memory and calls of the command against a local server, in one table.

Three accounts (one user; 1,000 users in 100 groups; 5,000 in 300, each of them written down), at 0 and 50 ms a call.
Each case runs RUNS times, all of an account's cases in turn, so that a slow minute of the machine is shared by all;
medians are shown. Beside each account stands its floor: benchmarks.bare, which makes the very calls that the scan made,
in parallel, and does nothing with the replies. Quote the ratios of one table, not the times of two.

`python -m benchmarks.bench RUNS` takes another number of runs.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tabulate import tabulate

RUNS = 7
USERS, GROUPS = 1000, 100
MOST_USERS, MOST_GROUPS = 5000, 300  # AWS's default quotas
LATENCIES = (0, 50)  # milliseconds added to each call
CHECKOUT = Path(__file__).parents[1]
CLIENT = "import botocore.session as s; s.get_session().create_client('iam', region_name='us-east-1')"
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
    floor: Case | None = None
    runs: list[Run] = field(default_factory=list)

    def median(self, value: str) -> float:
        return statistics.median(getattr(run, value) for run in self.runs)

    def ratio(self, value: str) -> str:
        """By the floor's median, "" for what has no floor."""
        return f"{self.median(value) / self.floor.median(value):.2f}" if self.floor else ""


def main(arguments: Sequence[str]) -> None:
    runs = int(arguments[0]) if arguments else RUNS
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        environment = clean_environment(home)
        cases = [case for cases in accounts(home, environment, runs) for case in cases]
        offline = [Case(f"koding-audit {word}", [command(), word]) for word in ("--help", "--version", "schema")]
        offline.append(Case("botocore alone: a session and a client of IAM, no call", [sys.executable, "-c", CLIENT]))
        in_turn(offline, environment, runs)
        rows = [row(case) for case in cases]
        print(tabulate(rows, HEADERS, disable_numparse=True, colalign=("left", *["right"] * 7)))
        print(
            f"Medians of {runs} runs. The ratios are to the bare botocore script above, which makes the same calls.\n"
        )
        shown = [(*row(case)[:3], row(case)[5], ", ".join(imported(case.command, environment))) for case in offline]
        print(tabulate(shown, (*HEADERS[:3], "peak MB", "imports"), disable_numparse=True))
        print(f"Imports: which of {', '.join(HEAVY)}.\n")
        print(tabulate(files(home / "biggest.yaml", runs), ("the largest file", "CPU ms"), disable_numparse=True))


HEADERS = ("case", "wall ms", "CPU ms", "wall ratio", "CPU ratio", "peak MB", "calls", "latency")


def accounts(home: Path, environment: Mapping[str, str], runs: int) -> Iterator[list[Case]]:
    """The measured cases of each account; one server at a time, for a machine of few cores."""
    guide = CHECKOUT / "policies" / "koding.yaml"
    big, biggest = home / "big.yaml", home / "biggest.yaml"
    big.write_text(desired_state())
    biggest.write_text(written_down(MOST_USERS, MOST_GROUPS))
    for title, path, sizes in (
        ("1 user, 1 group", guide, (0, 1)),
        (f"{USERS:,} x {GROUPS}", big, (USERS, GROUPS)),
        (
            f"{MOST_USERS:,} x {MOST_GROUPS}, {biggest.stat().st_size // 1000} kB of YAML",
            biggest,
            (MOST_USERS, MOST_GROUPS),
        ),
    ):
        with server(*sizes) as url:
            calls = measure(Case("", scan_of(str(path), url), url), environment).calls
            cases = [
                case for latency in LATENCIES for case in cases_of(title, scan_of(str(path), url), url, calls, latency)
            ]
            in_turn(cases, environment, runs)
            yield cases


def cases_of(title: str, scan: Sequence[str], url: str, calls: Sequence[Any], latency: int) -> list[Case]:
    """The floor, and the scan in two formats."""
    bare = [sys.executable, "-m", "benchmarks.bare", url, json.dumps(calls)]
    floor = Case(f"{title}: bare botocore", bare, url, latency)
    return [
        floor,
        Case(f"{title}: scan", scan, url, latency, floor),
        Case(f"{title}: scan --output json", [*scan, "--output", "json"], url, latency, floor),
    ]


def files(path: Path, runs: int) -> list[tuple[str, str]]:
    """What reading a desired state costs in a process that has everything loaded, beside PyYAML's own loader in C."""
    import yaml

    from koding_audit import desired
    from koding_audit.io.yaml_reader import read_yaml_file

    gc.set_threshold(1_000_000, 50, 50)  # as the installed command does
    text = path.read_text()
    steps: dict[str, Callable[[], object]] = {
        "yaml.load by the loader in C": lambda: yaml.load(text, Loader=yaml.CSafeLoader),
        "read: every text with its place": lambda: read_yaml_file(str(path)),
        "the whole: read, validated, built, checked": lambda: desired.load_desired([str(path)]),
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(runs):
        for name, step in steps.items():
            start = time.process_time()
            step()
            taken[name].append(time.process_time() - start)
    return [(name, f"{statistics.median(each) * 1000:.0f}") for name, each in taken.items()]


def in_turn(cases: Sequence[Case], environment: Mapping[str, str], runs: int) -> None:
    for _ in range(runs):
        for case in cases:
            case.runs.append(measure(case, environment))


def row(case: Case) -> tuple[str, ...]:
    return (
        case.name,
        f"{case.median('wall') * 1000:.0f}",
        f"{case.median('cpu') * 1000:.0f}",
        case.ratio("wall"),
        case.ratio("cpu"),
        f"{case.median('memory'):.0f}",
        str(len(case.runs[-1].calls)),
        f"{case.latency} ms",
    )


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


def imported(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Which of the heavy packages a command imports."""
    done = subprocess.run(
        arguments, env={**environment, "PYTHONPROFILEIMPORTTIME": "1"}, capture_output=True, text=True, check=True
    )
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    return [name for name in HEAVY if name in modules]


def desired_state() -> str:
    """What benchmarks.server's account of USERS and GROUPS holds, as a file that it meets: users as members only."""
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


def written_down(users: int, groups: int) -> str:
    """The same of an account that is closed: each user is an entry of its own, with group, path and owner."""
    lines = [
        "version: 1",
        "closed: {users: true, groups: true}",
        "policy_sets:",
        "  base:",
        "    policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]",
        "groups:",
        "  Developers: {required: [base], members: [koding-user]}",
    ]
    for group in range(groups):
        lines += [f"  group-{group:03}:", "    required: [base]"]
    lines.append("users:")
    for user in range(users):
        owner = f"Team {user % 40:02}, cost centre {user:04}"
        lines += [f"  user-{user:04}:", f"    groups: [group-{user % groups:03}]", "    path: /", f"    owner: {owner}"]
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
    """The URL of an account's server. sizes: its users and groups, and roles and policies."""
    with serving("benchmarks.server", *sizes) as url:
        yield url


@contextlib.contextmanager
def serving(module: str, *sizes: int) -> Iterator[str]:
    """The URL of a server in a process of its own, which prints its port."""
    arguments = [sys.executable, "-m", module, *map(str, sizes)]
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
    main(sys.argv[1:])
