"""`make faults`: every fault at every call of a fix, rivals and twins, then seeded runs with several faults.

`python -m tests.simulator.sweep [--minutes N] [--runs N] [--processes N] [--seed N]`; status 1 where a promise was
broken. What is printed of a case that failed tells how to have it again.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.simulator import cases, death, key_death, old_reports, rivals, twins
from tests.simulator.cases import EXPIRING, SOURCES, Case
from tests.simulator.oracles import Converging
from tests.simulator.quick import quickened
from tests.simulator.rivals import Rivalry
from tests.simulator.scenario import World, drifted, explored
from tests.simulator.server import Simulator, Target, serving

PATIENCE = 120
"""Seconds for one case, of which most take half a second, before it is said to hang."""

_SHARE = 16
_MEMORY = "/dev/shm"  # of Linux; elsewhere a disk has to do

Outcome = tuple[str, str, list[str]]
"""Of one case: its class, the case in words, and what it broke."""


def _deaths(options: argparse.Namespace) -> Iterator[Outcome]:
    counts, broken = death.swept(options.processes, options.seed, options.deaths)
    yield from (("N death", case, [case]) for case in broken)
    yield from (("N death", "", []) for _ in range(counts.total() - len(broken)))


PARTS: Mapping[str, Callable[[argparse.Namespace], Iterator[Outcome]]] = {
    "twins": lambda _options: twins.outcomes(),
    "deaths": _deaths,
    "keys": lambda _options: key_death.outcomes(),
    "old reports": lambda _options: old_reports.outcomes(),
}
"""What runs in processes of its own, beside the cases that the workers share."""


class Hung(BaseException):
    """A case did not come to its end."""


@functools.cache
def known() -> tuple[dict[str, World], dict[str, list[Target]]]:
    """Each kind of run without a fault, and the calls for later pages of two of them where a page has one row."""
    folder = Path(tempfile.mkdtemp(prefix="koding-audit-faults-"))
    with serving(drifted()) as simulator:
        worlds = {name: explored(simulator, folder, name) for name in {*SOURCES, *EXPIRING}}
        return worlds, {mode: cases.later_pages(simulator, folder, mode) for mode in ("fix", "listed")}


def judged(simulator: Simulator, folder: Path, case: Case | Rivalry, after: Converging) -> list[str]:
    """What one case broke; one that hangs broke its promise to be bounded."""
    world = known()[0][case.mode]
    try:
        with _patience():
            if isinstance(case, Rivalry):
                return rivals.judged(world, simulator, folder, case)
            return cases.judged(world, simulator, folder, case, after)
    except Hung:
        return [f"I8 not at its end after {PATIENCE} seconds"]


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def work(share: Sequence[Case | Rivalry | int]) -> tuple[list[Outcome], int]:
    """One process's share of the cases, and how many runs they took beside their own; a number is a seed of one."""
    worlds, _ = known()
    found: list[Outcome] = []
    after = _converging()
    before = after.runs
    while len(found) < len(share):
        folder = Path(tempfile.mkdtemp(prefix="koding-audit-faults-"))
        with serving(drifted()) as simulator:
            for each in share[len(found) :]:
                case = cases.several(worlds, each) if isinstance(each, int) else each
                failed = judged(simulator, folder, case, after)
                found.append((case.group, f"seed {each}: {case}" if isinstance(each, int) else str(case), failed))
                if failed and failed[-1].startswith("I8 not at its end"):
                    break  # whatever still runs of it talks to a server that nobody else uses
        shutil.rmtree(folder, ignore_errors=True)
        gc.collect()  # clients are circles, and each keeps connections open
    return found, after.runs - before


@functools.cache
def _converging() -> Converging:
    """What a process has learnt, from share to share."""
    return Converging()


@functools.cache
def _begin() -> contextlib.AbstractContextManager[None]:
    """In each process, once; what is returned has to live as long as it."""
    quick = quickened()
    quick.__enter__()
    known()
    return quick


@dataclass
class Tally:
    """What came of the cases so far, printed as it comes."""

    begun: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    runs: int = 0

    def add(self, outcomes: Sequence[Outcome], more: int = 0) -> None:
        before = self.counts.total() // 500
        self.runs += len(outcomes) + more
        for group, case, broken in outcomes:
            self.counts[group] += 1
            if broken:
                self.failed += 1
                print(f"BROKEN {case}: {'; '.join(broken)}", flush=True)
        if self.counts.total() // 500 > before:
            self.tell()

    def tell(self) -> None:
        minutes = self.minutes()
        pace = self.counts.total() / minutes if minutes else 0.0
        so_far = f"{self.counts.total():>6} cases, {self.failed} broken, {minutes:.1f} minutes"
        print(f"{so_far}, {pace:.0f} a minute", flush=True)

    def minutes(self) -> float:
        return (time.monotonic() - self.begun) / 60


def _write_to_memory() -> None:
    """Thousands of journals are synced, and a disk takes its time for that; whoever is started goes along."""
    if os.access(_MEMORY, os.W_OK):
        os.environ["TMPDIR"] = tempfile.tempdir = _MEMORY


def main(arguments: list[str]) -> int:
    _write_to_memory()
    parser = argparse.ArgumentParser(prog="python -m tests.simulator.sweep", description=__doc__)
    parser.add_argument("--minutes", type=float, default=55, help="until when seeded cases are begun (default: 55)")
    parser.add_argument("--runs", type=int, default=10_000, help="seeded cases at most (default: 10000)")
    parser.add_argument("--singles", type=int, help="only so many of the cases that are no seeded ones, a fair sample")
    parser.add_argument("--deaths", type=int, help="only so many of the deaths (default: all)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    worlds, paged = known()
    every: list[Case | Rivalry | int] = [*cases.singles(worlds, paged["fix"])]
    every += [*rivals.cases(worlds), *rivals.between_pages(paged)]
    random.Random(options.seed).shuffle(every)  # so that what was done when somebody stops it is a fair sample
    every = every[: options.singles]
    print(f"{len(worlds['fix'].calls)} calls of a fix, {len(every)} cases with one fault or rival", flush=True)
    tally = Tally()
    for part in PARTS.values():
        tally.add(list(part(options)))
    seeds = range(options.seed, options.seed + options.runs)
    with ProcessPoolExecutor(options.processes, multiprocessing.get_context("spawn"), _begin) as pool:
        _spread(pool, every, seeds, tally, options)
    tally.tell()
    for group, number in sorted(tally.counts.items()):
        print(f"{group:<12} {number:>6}")
    print(f"{'violations':<12} {tally.failed:>6}")
    print(f"{tally.runs} runs of the tool in {tally.minutes():.0f} minutes; seeds from {options.seed} on")
    return 1 if tally.failed else 0


def _spread(
    pool: ProcessPoolExecutor,
    every: Sequence[Case | Rivalry | int],
    seeds: Sequence[int],
    tally: Tally,
    options: argparse.Namespace,
) -> None:
    """All cases with one fault, then seeded ones until the time is up, a few shares at a time."""
    shares = iter([*_shares(every), *_shares(seeds)])
    waiting: set[Future[tuple[list[Outcome], int]]] = set()
    while True:
        while len(waiting) < 2 * options.processes:
            share = next(shares, None)
            if share is None or (isinstance(share[0], int) and tally.minutes() > options.minutes):
                break
            waiting.add(pool.submit(work, share))
        if not waiting:
            return
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for each in done:
            tally.add(*each.result())


def _shares(every: Sequence[Case | Rivalry | int]) -> list[Sequence[Case | Rivalry | int]]:
    return [every[start : start + _SHARE] for start in range(0, len(every), _SHARE)]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
