"""What every benchmark shares: commands that are run in turn, their times and memory, and ratios with a spread.

A command is a process of its own. Its time of processor and its peak memory are those that the system gives (wait4):
with the processes that it started and waited for. All cases of a question run in turn, again and again, the first turn
is not counted, and every second turn goes backwards: so a slow minute of the machine is shared by all. A ratio is the
median of the ratios of single turns, and its spread that in which the middle half of them lies.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tabulate import tabulate

from benchmarks import certificates as authority
from benchmarks import trees
from benchmarks.certificates import Certificates

RUNS = 9
CHECKOUT = Path(__file__).parents[1]
INSTALLED = Path(sys.executable).with_name("koding-audit")
Value = Literal["wall", "cpu", "memory"]


@dataclass(frozen=True)
class Run:
    """One process: seconds of wall and of processor, peak memory in MB, what it called."""

    wall: float
    cpu: float
    memory: float
    calls: Sequence[Any] = ()


@dataclass
class Case:
    """Something to measure.

    environment: the whole of it; status: what it has to end with, for what fails early would look fast; calls: takes
    from a server what it was asked, also before a run; check: ends the benchmark where what was done is wrong.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    status: int = 0
    calls: Callable[[], Sequence[Any]] = tuple
    check: Callable[[], None] = lambda: None
    runs: list[Run] = field(default_factory=list)

    def values(self, value: Value) -> list[float]:
        return [getattr(run, value) for run in self.runs]

    def median(self, value: Value) -> float:
        return statistics.median(self.values(value))


@dataclass(frozen=True)
class Build:
    """A tree of the project. The command that is installed runs it: the path comes before what is installed."""

    name: str
    tree: Path

    def case(self, bench: Bench, *arguments: str, **others: Any) -> Case:
        """A command of this build."""
        environment = {**bench.environment, "PYTHONPATH": str(self.tree)}
        return Case(self.name, [str(INSTALLED), *arguments], environment, **others)


@dataclass(frozen=True)
class Bench:
    """What a question is measured with. old: the revision to compare with, None for none; runs: turns that count."""

    home: Path
    certificates: Certificates
    ours: Build
    old: Build | None
    runs: int = RUNS

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment(self.home, self.certificates)

    @property
    def builds(self) -> list[Build]:
        return [self.ours, *([self.old] if self.old else [])]

    def script(self, name: str, module: str, *arguments: str, **others: Any) -> Case:
        """A module of this checkout, to compare with."""
        environment = {**self.environment, "PYTHONPATH": str(CHECKOUT)}
        return Case(name, [sys.executable, "-m", module, *arguments], environment, **others)


@dataclass(frozen=True)
class Held:
    """A line of what has to hold. measured: by this run; wanted: what it may be at most, as the project has set it."""

    what: str
    measured: str
    wanted: str


@contextmanager
def benchmark(revision: str | None, runs: int) -> Iterator[Bench]:
    """A folder with certificates, and with both trees where a revision is to be compared with."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder).resolve()
        ours, old = Build("koding-audit", CHECKOUT), None
        if revision:
            here, there = trees.made(revision, home)
            ours, old = Build("koding-audit", here), Build(revision, there)
        yield Bench(home, authority.made(home), ours, old, runs)


def clean_environment(home: Path, certificates: Certificates | None = None) -> dict[str, str]:
    """Nothing of AWS's from outside; credentials that open nothing. certificates: with the bundle to trust."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_EC2_METADATA_DISABLED": "true",
        **({"AWS_CA_BUNDLE": str(certificates.bundle)} if certificates else {}),
    }


def in_turn(cases: Sequence[Case], runs: int, home: Path, first: int = 1) -> None:
    """Run each case so many times. first: how many turns come before, that do not count."""
    for turn in range(first + runs):
        for case in reversed(cases) if turn % 2 else cases:
            run = measure(case, home)
            if turn >= first:
                case.runs.append(run)


def measure(case: Case, home: Path) -> Run:
    """Run it once."""
    case.calls()
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(case.command, cwd=home, env=case.environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != case.status:
            output.seek(0)
            sys.exit(f"{case.command} ended with {process.returncode}:\n{output.read().decode()[-5000:]}")
    case.check()
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, case.calls())


def ratio(case: Case, base: Case, value: Value) -> str:
    """A case by another, turn by turn: `0.62 (0.60 to 0.66)`."""
    return spread([own / other for own, other in zip(case.values(value), base.values(value), strict=True)])


def spread(numbers: Sequence[float], digits: int = 2) -> str:
    """The median, and that between which the middle half lies; one number stands for itself."""
    if len(numbers) == 1:
        return f"{numbers[0]:.{digits}f}"
    low, middle, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def milliseconds(case: Case, value: Value) -> str:
    return f"{case.median(value) * 1000:,.0f}"


def peak(case: Case) -> str:
    """In MB. A process counts what its parent held when it was started: less than that is not seen."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = case.median("memory")
    return f"{found:.0f}" if found > own else f"at most {found:.0f}"


def table(rows: Sequence[Sequence[str]], heads: Sequence[str], texts: int = 1) -> str:
    """texts: how many columns, from the left, are texts and not numbers."""
    sides = ["left"] * texts + ["right"] * (len(heads) - texts)
    return tabulate(rows, heads, tablefmt="github", disable_numparse=True, colalign=sides)


def held(lines: Sequence[Held]) -> str:
    return table([(each.what, each.measured, each.wanted) for each in lines], ("has to hold", "measured", "wanted"))
