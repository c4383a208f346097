"""The cases of the sweep as data: what befalls which call of which run, and what comes of it."""

from __future__ import annotations

import atexit
import functools
import itertools
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.servers.tls import NAMED, Authority, Door, authority
from tests.servers.wire import READS
from tests.simulator.account import ACCOUNT, CALLER
from tests.simulator.faults import FAULTS
from tests.simulator.oracles import Converging, broken, not_inverse, planned_writes
from tests.simulator.scenario import RUNS, Run, World, begun, expiring
from tests.simulator.server import Simulator, Target, listening

PAGED = ("List", "GetAccountAuthorizationDetails")
PASSES = ("A throttle", "B service")
"""Classes of faults that nobody notices where they pass within eight tries."""
SOURCES = ("fix", "apply", "undo", "listed", "replace")
EXPIRING = ("fix", "apply", "undo", "setup", "replace")
"""The kinds of run whose credentials expire at each call."""

TLS_MODES = ("fix", "listed", "apply", "undo", "setup")
"""The kinds of run that meet faults of TLS."""

_AGAIN = ("A throttle", "B service", "C conflict", "F before", "G after", "H lie", "I body")
_ON_PAGES = ("AccessDenied 403", "Throttling 400", "closed after", "cut at 50 %", "no end said", "rows twice")
ONCE_ONLY = frozenset(f"cut at {share} %" for share in range(10, 100, 10) if share != 50)
REPORTED: Mapping[str, int] = {
    **dict.fromkeys(("absent", "in progress", "expired", "limited", "stale"), 2),
    **dict.fromkeys(("missing column", "column twice", "no root", "root twice", "short row", "of tomorrow"), 2),
    **dict.fromkeys(("usual", "extra column", "reordered", "upper case"), 0),
}
"""The least status of a fix under each habit of the credential report: 2 where a fact stays unknown."""


IDENTITIES: Mapping[str, str] = {
    "root": f"arn:aws:iam::{ACCOUNT}:root",
    "another account": "arn:aws:iam::210987654321:user/auditor",
    "another partition": f"arn:aws-cn:iam::{ACCOUNT}:user/auditor",
}
"""Whose credentials write nothing where the account is pinned, or was audited, by others."""


@dataclass(frozen=True)
class Case:
    """Faults at calls of a run.

    times: how many calls in a row that ask the same each befalls, 0 for ever; seconds: for how long, 0 for ever; lag:
    how many seconds reads are old; listing_lag: GetAccountAuthorizationDetails alone; page: how many rows a page has;
    report: a habit of the credential report; everything: a fault of every call from that number on; identity: from
    which answer of STS on the credentials are whose; over: after how many calls the program that hands out the
    credentials hands out expired ones, 0 from the start on. tls: over TLS, from which connection on something is wrong
    with how many of them (times), and what.
    """

    befalls: tuple[tuple[Target, str], ...] = ()
    times: int = 1
    seconds: float = 0.0
    lag: float = 0.0
    listing_lag: float = 0.0
    flapping: bool = False
    page: int = 1000
    report: str = "usual"
    everything: tuple[int, str] | None = None
    identity: tuple[int, str] | None = None
    mode: str = "fix"
    over: int | None = None
    tls: tuple[int, str] | None = None

    @property
    def group(self) -> str:
        if self.tls:
            return "V tls"
        if self.over is not None or (self.everything and self.everything[1].startswith("Expired")):
            return "U expiry"
        if self.mode in ("apply", "undo", "replace"):
            return self.mode
        if self.report != "usual":
            return "R report"
        if self.everything or self.identity:
            return "S identity"
        groups = {FAULTS[name].group for _, name in self.befalls}
        return "several" if len(self.befalls) > 1 else next(iter(groups), "K lag")

    def __str__(self) -> str:
        befalls = [f"{name} at {asked} #{number}" for (asked, number), name in self.befalls]
        befalls += [f"{self.everything[1]} from call {self.everything[0]} on"] if self.everything else []
        befalls += [f"the credentials' program is over after {self.over} calls"] if self.over is not None else []
        befalls += [f"{self.identity[1]} from answer {self.identity[0]} on"] if self.identity else []
        befalls += [f"{self.tls[1]} from connection {self.tls[0]} on"] if self.tls else []
        how = f"{self.times} times" if self.times else "for ever"
        how += f" within {self.seconds:.0f} s" if self.seconds else ""
        habits = f"lag {self.lag:.0f}+{self.listing_lag:.0f} s, flapping {self.flapping}, page {self.page}"
        return f"{self.mode}: {', '.join(befalls) or 'no fault'} {how}; {habits}, report {self.report}"


# --- what there is to try ------------------------------------------------------------------------------


def singles(worlds: Mapping[str, World], paged: Sequence[Target]) -> Iterator[Case]:
    """Every fault once at every call of a fix, and three times and for ever from the first call that asks a thing.

    Then each at a read and at a write of the other runs, at second pages, conflicts that take minutes, lag, the
    report's habits and credentials that expire. paged: calls for later pages.
    """
    calls = sorted(set(worlds["fix"].calls))
    for target in calls:
        yield from _at(target)
    for mode in ("apply", "undo", "listed", "replace"):
        yield from once_each(mode, worlds[mode].calls)
    for target in paged:
        yield from (Case(((target, name),), page=1) for name in _ON_PAGES)
    for asked, number in calls:
        if not asked.startswith(READS):
            names = [name for name, fault in FAULTS.items() if fault.group == "C conflict"]
            yield from (Case((((asked, number), name),), times=0, seconds=180.0) for name in names)
    yield from lags()
    yield from tls_faults()
    yield from (Case(report=habit, mode=mode) for habit in REPORTED for mode in ("fix", "listed"))
    yield from expiries(worlds)
    for mode in ("fix", "apply", "undo"):
        yield from (Case(identity=(answer, whose), mode=mode) for answer in (1, 2) for whose in IDENTITIES)


def expiries(worlds: Mapping[str, World]) -> Iterator[Case]:
    """Credentials that expire at each call: AWS refuses them, or the program that hands them out has no others."""
    for mode in EXPIRING:
        for place in range(len(worlds[mode].calls) + 1):
            yield Case(over=place, mode=mode)
            if place:
                yield Case(everything=(place, "ExpiredToken 403"), mode=mode)


def _at(target: Target) -> Iterator[Case]:
    for name, fault in FAULTS.items():
        if fault.lists_only and not target[0].startswith(PAGED):
            continue
        yield Case(((target, name),))
        if target[1] == 1 and name not in ONCE_ONLY:
            yield Case(((target, name),), times=0)
        if target[1] == 1 and fault.group in _AGAIN and not name.startswith("cut at"):
            yield Case(((target, name),), times=3)


def once_each(mode: str, calls: Sequence[Target]) -> Iterator[Case]:
    """Every fault once at a read and once at a write of another run than a fix."""
    for name, fault in FAULTS.items():
        for write in (False, True):
            fitting = [each for each in sorted(set(calls)) if each[0].startswith(READS) is not write]
            fitting = [each for each in fitting if not fault.lists_only or each[0].startswith(PAGED)]
            if fitting:
                yield Case(((random.Random(f"{mode} {name} {write}").choice(fitting), name),), mode=mode)


def lags() -> Iterator[Case]:
    for lag in (5.0, 60.0, 130.0):
        for flapping in (False, True):
            for page in (1, 1000):
                yield Case(lag=lag, flapping=flapping, page=page)
                yield Case(listing_lag=lag, flapping=flapping, page=page, mode="listed")


def tls_faults() -> Iterator[Case]:
    """Each fault of a handshake at one connection, at three and at all from there on."""
    every = itertools.product(TLS_MODES, NAMED, (1, 2, 3, 5), (1, 3, 0))
    yield from (Case(tls=(first, name), times=times, mode=mode) for mode, name, first, times in every)


def several(worlds: Mapping[str, World], seed: int) -> Case:
    """Two to five faults at calls drawn by a seed, once, thrice or for ever, and the habits of a bad day."""
    drawn = random.Random(seed)
    mode = drawn.choice(("fix", "fix", "fix", *SOURCES))
    targets = sorted(set(worlds[mode].calls))
    names = [name for name, fault in FAULTS.items() if not fault.lists_only]
    chosen = [(drawn.choice(targets), drawn.choice(names)) for _ in range(drawn.randint(2, 5))]
    return Case(
        tuple(chosen),
        times=drawn.choice((1, 1, 3, 0)),
        lag=drawn.choice([0.0, 0.0, 5.0, 60.0]),
        flapping=drawn.random() < 0.5,
        page=drawn.choice([1, 2, 1000]),
        mode=mode,
    )


def later_pages(simulator: Simulator, folder: Path, mode: str) -> list[Target]:
    """The calls for later pages in a run whose pages have one row."""
    begun(simulator, folder, mode)
    befall(simulator, Case(page=1))
    RUNS[mode](simulator, folder)
    return sorted(simulator.paged)


# --- what came of it -----------------------------------------------------------------------------------


def judged(world: World, simulator: Simulator, folder: Path, case: Case, after: Converging) -> list[str]:
    """What one case broke: the promises of the run with the faults, and those of the runs after it."""
    begun(simulator, folder, case.mode)
    befall(simulator, case)
    plan = planned_writes(folder / "fix.plan") if case.mode == "apply" else None
    door = Door(_authority(), case.tls[1], case.tls[0], case.times) if case.tls else None
    seen = _run_over_tls(simulator, folder, case, door) if door else _run(simulator, folder, case)
    failed = broken(world, simulator, seen, plan)
    failed += _broken_by_tls(simulator, seen, door) if door else []
    if case.over is not None and seen.calls < len(world.calls):
        failed += [f"U not told: status {seen.status}"] if seen.status != 2 else []
        failed += ["U expired, and not named"] if "expired" not in seen.output.lower() else []
    if seen.status < REPORTED[case.report]:
        failed.append(f"R a fact of the report was not to be known, and the status is {seen.status}")
    if case.identity and (seen.writes or seen.status != 2):
        failed.append(f"S written with somebody else's credentials, or status {seen.status}")
    failed += [f"D denied and later allowed, and not a word of it: {each}" for each in _unsaid(simulator, seen)]
    if REPORTED[case.report] == 0 and passes(case) and seen.status != 0:
        failed.append(f"what passes by itself was seen: status {seen.status}: {seen.output[-400:]}")
    if case.mode == "undo":
        journal = (folder / "fix.jsonl").read_text().splitlines()
        failed += [f"I2 {each} takes back nothing of the journal" for each in not_inverse(journal, seen.writes)]
    account = simulator.account
    account.lag, account.listing_lag, account.flapping, account.report = 0.0, 0.0, False, "usual"
    account.caller = CALLER
    return failed + after.broken(world, simulator, folder)


def _unsaid(simulator: Simulator, seen: Run) -> list[str]:
    """What was denied, and later answered, in a run that ended with status 0 and does not say so."""
    denied = {simulator.calls[place][0] for place, fault in simulator.lies.items() if fault.name == "AccessDenied 403"}
    answered = {asked for place, (asked, _) in enumerate(simulator.calls) if place not in simulator.lies}
    asked = sorted(each for each in denied & answered if not each.startswith("GetCallerIdentity"))
    return asked if seen.status == 0 and "at first and allowed" not in seen.output else []


def _broken_by_tls(simulator: Simulator, seen: Run, door: Door) -> list[str]:
    """The promises about servers that are not verified. Where none was, the run says why."""
    failed = ["V a request over a connection that is not verified"] if door.trespasses else []
    if door.first > 1 or door.times:
        return failed
    failed += ["V not told"] if NAMED[door.wrong] not in seen.output or seen.status != 2 else []
    return failed + (["V calls, and no connection that is verified"] if simulator.calls else [])


def _run_over_tls(simulator: Simulator, folder: Path, case: Case, door: Door) -> Run:
    plain = simulator.url
    try:
        with listening(simulator, door):
            return _run(simulator, folder, case)
    finally:
        simulator.url, simulator.bundle = plain, None


@functools.cache
def _authority() -> Authority:
    """Of this process."""
    folder = Path(tempfile.mkdtemp(prefix="koding-audit-faults-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return authority(folder)


def _run(simulator: Simulator, folder: Path, case: Case) -> Run:
    if case.over is None:
        return RUNS[case.mode](simulator, folder)
    with expiring(folder) as end:
        if case.over:
            simulator.moments[case.over - 1] = end
        else:
            end()
        return RUNS[case.mode](simulator, folder)


def befall(simulator: Simulator, case: Case) -> None:
    account = simulator.account
    account.begin_to_lag()
    account.lag, account.listing_lag, account.flapping = case.lag, case.listing_lag, case.flapping
    account.page, account.report = case.page, case.report
    simulator.times, simulator.seconds = case.times, case.seconds
    simulator.faults.update({target: FAULTS[name] for target, name in case.befalls})
    if case.identity:
        answer, whose = case.identity
        change = partial(setattr, account, "caller", IDENTITIES[whose])
        simulator.before["GetCallerIdentity", answer] = change
    if case.everything:
        simulator.everything = (case.everything[0], FAULTS[case.everything[1]])


def passes(case: Case) -> bool:
    """Whether a run is to end as if nothing had been: what passes within eight tries, and nothing else."""
    if case.lag or case.listing_lag or case.everything or case.identity or case.seconds or len(case.befalls) > 1:
        return False
    if case.over is not None or (case.tls and not case.times):
        return False
    return all(case.times and FAULTS[name].group in PASSES for _, name in case.befalls)
