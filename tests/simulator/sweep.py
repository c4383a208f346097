"""`make faults`: every fault at every call of the base scenario, then seeded runs with several; counts by class.

`python -m tests.simulator.sweep [--runs N] [--processes N] [--seed N]`; status 1 where an invariant was broken.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from botocore.loaders import JSONFileLoader

from tests.servers.wire import READS
from tests.simulator.faults import FAULTS
from tests.simulator.scenario import (
    World,
    broken,
    calls_of,
    converges,
    drifted,
    explored,
    judged_apply,
    judged_undo,
    run,
)
from tests.simulator.server import Simulator, Target, serving

_SHARES = 128
_PAGED = ("List", "GetAccountAuthorizationDetails")


@dataclass(frozen=True)
class Case:
    """Faults at calls. sticky: from that call on, whatever asks the same.

    lag: how many seconds reads are old; page: how many rows a page has.
    """

    befalls: tuple[tuple[Target, str], ...]
    sticky: bool = False
    lag: float = 0.0
    flapping: bool = False
    page: int = 1000
    mode: str = "fix"

    @property
    def group(self) -> str:
        if self.mode != "fix":
            return self.mode
        groups = {FAULTS[name].group for _, name in self.befalls}
        return "several" if len(self.befalls) > 1 else next(iter(groups), "K lag")

    def __str__(self) -> str:
        befalls = ", ".join(f"{name} at {asked} #{number}" for (asked, number), name in self.befalls)
        habits = f"lag {self.lag:.0f} s, flapping {self.flapping}, page {self.page}"
        return f"{self.mode}: {befalls or 'no fault'}{' for ever' if self.sticky else ''}; {habits}"


def cases(world: World) -> Iterator[Case]:
    """Every fault once at every call, and for ever from the first call that asks a thing; then lag."""
    for target in sorted(set(world.calls)):
        for name, fault in FAULTS.items():
            if fault.lists_only and not target[0].startswith(_PAGED):
                continue
            yield Case(((target, name),))
            if target[1] == 1:
                yield Case(((target, name),), sticky=True)
    for lag in (5.0, 60.0, 130.0):
        for flapping in (False, True):
            for page in (1, 1000):
                yield Case((), lag=lag, flapping=flapping, page=page)


def once_each(mode: str, calls: Sequence[Target]) -> Iterator[Case]:
    """Every fault once at a read and once at a write of an `apply` or an `undo`."""
    for name, fault in FAULTS.items():
        for write in (False, True):
            fitting = [each for each in calls if each[0].startswith(READS) is not write]
            fitting = [each for each in fitting if not fault.lists_only or each[0].startswith(_PAGED)]
            if fitting:
                yield Case(((random.Random(f"{mode} {name} {write}").choice(fitting), name),), mode=mode)


def several(world: World, seed: int) -> Case:
    """Two to five faults at calls drawn by a seed, for ever or once, and the habits of a bad day."""
    drawn = random.Random(seed)
    targets = sorted(set(world.calls))
    names = [name for name, fault in FAULTS.items() if not fault.lists_only]
    chosen = [(drawn.choice(targets), drawn.choice(names)) for _ in range(drawn.randint(2, 5))]
    return Case(
        tuple(chosen),
        sticky=drawn.random() < 0.3,
        lag=drawn.choice([0.0, 0.0, 5.0, 60.0]),
        flapping=drawn.random() < 0.5,
        page=drawn.choice([1, 2, 1000]),
    )


def judged(world: World, simulator: Simulator, folder: Path, case: Case) -> list[str]:
    """What one case broke: the invariants of the run with the faults, and those of the two runs after it."""
    if case.mode != "fix":
        faults = {target: FAULTS[name] for target, name in case.befalls}
        judge = judged_apply if case.mode == "apply" else judged_undo
        return judge(world, simulator, folder, lambda: simulator.faults.update(faults))
    account = drifted()
    simulator.account = account
    simulator.forget()
    account.lag, account.flapping, account.page = case.lag, case.flapping, case.page
    simulator.faults.update({target: FAULTS[name] for target, name in case.befalls})
    simulator.sticky = case.sticky
    seen = run(simulator, folder)
    failed = broken(world, simulator, seen)
    if case.sticky and seen.status != 2 and any(_denied_at_the_end(simulator, *each) for each in case.befalls):
        failed.append(f"P1 a read of the last audit was denied, and the status is {seen.status}")
    account.lag, account.flapping = 0.0, False
    simulator.sticky = False
    return failed + converges(world, simulator, folder)


def _denied_at_the_end(simulator: Simulator, target: Target, name: str) -> bool:
    """Whether a read that is denied for ever was one of those after the last write."""
    asked = target[0]
    written = [number for number, (each, _) in enumerate(simulator.calls) if not each.startswith(READS)]
    last = simulator.calls[max(written, default=-1) + 1 :]
    return FAULTS[name].group == "E rights" and asked.startswith(READS) and asked in {each for each, _ in last}


@contextlib.contextmanager
def models_read_once() -> Iterator[None]:
    """Botocore parses its models anew in each session; in thousands of runs that is most of the time."""
    kept = functools.cache(JSONFileLoader._load_file)
    with patch.object(JSONFileLoader, "_load_file", lambda _self, *given: kept(None, *given)):
        yield


def work(share: Sequence[Case]) -> list[tuple[str, str, list[str]]]:
    """One process's share: the class of each case, the case in words, and what it broke."""
    folder = Path(tempfile.mkdtemp(prefix="koding-audit-faults-"))
    with models_read_once(), serving(drifted()) as simulator:
        world = explored(simulator, folder)
        return [(case.group, str(case), judged(world, simulator, folder, case)) for case in share]


def known_world() -> tuple[World, list[Case]]:
    """The scenario without faults, and the cases of `apply` and `undo`."""
    folder = Path(tempfile.mkdtemp(prefix="koding-audit-faults-"))
    with serving(drifted()) as simulator:
        world = explored(simulator, folder)
        modes = [(mode, calls_of(simulator, folder, mode)) for mode in ("apply", "undo")]
        return world, [case for mode, calls in modes for case in once_each(mode, calls)]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator.sweep", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="seeded runs with several faults (default: 2000)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    world, others = known_world()
    every = [*cases(world), *others, *(several(world, options.seed + number) for number in range(options.runs))]
    begun = time.monotonic()
    random.Random(options.seed).shuffle(every)  # so that what was done when somebody stops it is a fair sample
    shares = [every[start::_SHARES] for start in range(_SHARES)]
    print(f"{len(world.calls)} calls, {len(world.writes)} writes, {len(FAULTS)} faults: {len(every)} cases", flush=True)
    with multiprocessing.Pool(options.processes) as pool:
        found = told(pool.imap_unordered(work, shares))
    minutes = (time.monotonic() - begun) / 60
    print(f"{sum(found.values())} cases of 3 runs each in {minutes:.0f} minutes, seeds from {options.seed}")
    return 1 if found["violations"] else 0


def told(results: Iterable[list[tuple[str, str, list[str]]]]) -> Counter[str]:
    """Print what was broken as it comes, and the counts by class at the end."""
    counts: Counter[str] = Counter()
    violations = 0
    for share in results:
        for group, case, failed in share:
            counts[group] += 1
            if failed:
                violations += 1
                print(f"BROKEN {case}: {'; '.join(failed)}", flush=True)
        print(f"{sum(counts.values()):>6} cases, {violations} broken", flush=True)
    for group, number in sorted(counts.items()):
        print(f"{group:<12} {number:>6}")
    print(f"{'violations':<12} {violations:>6}")
    return counts if not violations else counts + Counter({"violations": violations})


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
