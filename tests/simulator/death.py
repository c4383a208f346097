"""Kills the tool, as a process, before and after each call of the base scenario and each write of its journal.

`python -m tests.simulator.death [--processes N] [--seed N] [--most N]`; status 1 where a promise was broken. After each
death the journal is read and held against what the account saw; the next run has to say what is known and end clean,
and the one after it must not write.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from koding_audit import __main__
from koding_audit.model.errors import InputError
from koding_audit.model.plan import Journal
from koding_audit.remediation import journal
from tests.simulator import dying
from tests.simulator.account import ACCOUNT
from tests.simulator.faults import FAULTS
from tests.simulator.oracles import holdings
from tests.simulator.quick import quickened
from tests.simulator.scenario import FILE, SECRET, Run, World, drifted, explored, run
from tests.simulator.server import Simulator, Target, serving

CHECKOUT = Path(__file__).parents[2]
_SHARES = 16
_PATIENCE = 30.0  # seconds for one process, which takes one
INTERRUPTS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

Start = Callable[[list[str], Mapping[str, str], Path], int]
"""Starts the tool: what is said to the launcher and the tool, its environment, its folder; gives the process id."""


class Death(NamedTuple):
    """One death. at: the call to the account, or which `write` or `fsync` of the journal from 1."""

    what: str
    at: Target | int
    when: str
    by: signal.Signals = signal.SIGKILL

    def __str__(self) -> str:
        where = f"{self.at[0]} #{self.at[1]}" if isinstance(self.at, tuple) else f"#{self.at}"
        return f"{self.by.name} {self.when} {self.what} {where}"


@dataclass(frozen=True)
class Scene:
    """Where it happens: the account, a folder that is a home, what is known of the run that nobody kills."""

    simulator: Simulator
    folder: Path
    world: World

    @property
    def journal(self) -> Path:
        return self.folder / "dying.jsonl"

    @property
    def lock(self) -> Path:
        return self.folder / ".local" / "state" / "koding-audit" / ACCOUNT / "lock"


class Seen(NamedTuple):
    """What a death left: the status, the writes that the account applied, the journal or what is wrong with it, the
    lock's content, and all that was printed.
    """

    status: int
    applied: tuple[str, ...]
    past: Journal | None
    problem: str
    left: str
    output: str


def deaths(world: World) -> list[Death]:
    """Every one that there is: before and after each call, write and fsync; SIGTERM, Ctrl-C and SIGHUP at each call."""
    lines = 2 + 3 * len(world.writes)  # a header, three states of each step, an end
    calls = sorted(set(world.calls))
    found = [Death("call", target, when) for target in calls for when in ("before", "after")]
    found += [Death("call", target, "before", by) for target in calls for by in INTERRUPTS]
    found += [Death("write", number + 1, when) for number in range(lines) for when in ("before", "half", "after")]
    # The second fsync is the folder's.
    found += [Death("fsync", number + 1, when) for number in range(lines + 1) for when in ("before", "after")]
    return found


def judged(scene: Scene, death: Death, start: Start) -> list[str]:
    """What one death broke, in words."""
    simulator, folder = scene.simulator, scene.folder
    simulator.account = drifted()
    simulator.forget()
    shutil.rmtree(folder / ".local", ignore_errors=True)
    scene.journal.unlink(missing_ok=True)
    (folder / "desired.yaml").write_text(FILE)
    with killing(simulator, death) as known:
        child = start(_said(scene, death), environment(folder), folder)
        known(child)
        status = ended(child)
    if status is None:
        # A fork of a process with threads may inherit a lock that somebody holds; a process of its own has none.
        return ["the process does not end"] if start is executed else judged(scene, death, executed)
    seen = _seen(scene, status)
    failed = _broken(death, seen)
    simulator.forget()
    second = run(simulator, folder)
    failed += _told(scene, seen, second)
    if second.status != 0 or holdings(simulator.account.state) != holdings(scene.world.after):
        failed.append(f"the next run does not converge: status {second.status}: {second.output[-500:]}")
    simulator.forget()
    third = run(simulator, folder)
    if third.writes or third.status != 0:
        failed.append(f"the run after it writes {third.writes}, status {third.status}")
    if ") was interrupted" in third.output:
        failed.append("the run after it tells of the death again")
    return failed


def _seen(scene: Scene, status: int) -> Seen:
    past, problem = _read(scene.journal)
    left = scene.lock.read_text() if scene.lock.exists() else ""
    return Seen(status, tuple(scene.simulator.writes), past, problem, left, (scene.folder / "output").read_text())


def _broken(death: Death, seen: Seen) -> list[str]:
    killed = death.by == signal.SIGKILL
    made = ("started", "pending", "unknown", "done")
    entries = seen.past.entries if seen.past else ()
    known = {_asked(entry.action.verb.value, entry.action.parameters): entry.outcome for entry in entries}
    checks = {
        f"status {seen.status}": seen.status != (-signal.SIGKILL if killed else 2),
        "a write that the journal does not know": any(known.get(each) not in made for each in seen.applied),
        "done, and it is not": any(out == "done" and each not in seen.applied for each, out in known.items()),
        "interrupted, and the lock is not empty": not killed and seen.left != "",
        "interrupted, and nobody was told": not killed and "interrupted" not in seen.output,
        "a crash or a secret": "Traceback" in seen.output or "this is a bug" in seen.output or SECRET in seen.output,
    }
    return [name for name, bad in checks.items() if bad]


def _told(scene: Scene, seen: Seen, second: Run) -> list[str]:
    """Whether the next run says of the death what is known, and nothing where there is nothing to say."""
    past, left = seen.past, seen.left
    says = ") was interrupted" in second.output
    if says != bool(left):
        return [f"the lock says {left!r}, and the next run says {'something' if says else 'nothing'}"]
    if not left:
        return []
    done = sum(entry.outcome == "done" for entry in past.entries) if past else 0
    open_ = sum(entry.outcome in ("started", "pending", "unknown") for entry in past.entries) if past else 0
    word = "change" if done == 1 else "changes"
    expected = seen.problem or f"{done} {word} done, {open_} unknown; its journal is {scene.journal}"
    return [] if expected in second.output else [f"the next run does not say {expected!r}: {second.output[-800:]}"]


def _read(path: Path) -> tuple[Journal | None, str]:
    """The journal, or what the next run has to say where there is none yet; anything else is raised."""
    if not path.exists():
        return None, f"it wrote nothing, or its journal was moved: {path}"
    try:
        return journal.read_journal(str(path))[0], ""
    except InputError as error:
        if "no complete first line" not in error.message:
            raise
        return None, "the journal has no complete first line"


def _asked(verb: str, parameters: Mapping[str, object]) -> str:
    given = {name: each for name, each in parameters.items() if name != "PolicyDocument"}
    return " ".join([verb, *(f"{name}={value}" for name, value in sorted(given.items()))])


def _said(scene: Scene, death: Death) -> list[str]:
    """What the launcher is told, `--` where it is to leave the journal alone, and what the tool is."""
    launcher = ["--"] if death.what == "call" else [death.what, str(death.at), death.when]
    desired = str(scene.folder / "desired.yaml")
    writing = ("--fix", "--create", "--yes", "--output", "json", "--journal", str(scene.journal))
    return [*launcher, "scan", desired, *writing, "--endpoint-url", scene.simulator.url]


@contextlib.contextmanager
def killing(simulator: Simulator, death: Death) -> Iterator[Callable[[int], None]]:
    """Have the account send the signal at the call; gives what is to be told the process id."""
    known = threading.Event()
    child = 0

    def tell(process: int) -> None:
        nonlocal child
        child = process
        known.set()

    def strike() -> None:
        known.wait(_PATIENCE)
        os.kill(child, death.by)
        if death.by == signal.SIGKILL:
            with contextlib.suppress(ChildProcessError):  # it was waited for already
                os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            if death.when == "before" and isinstance(death.at, tuple):
                simulator.faults[death.at] = FAULTS["closed before"]

    if isinstance(death.at, tuple):
        (simulator.before if death.when == "before" else simulator.after)[death.at] = strike
    yield tell


def ended(child: int) -> int | None:
    """The status of a process, negative for a signal; None for one that does not end: it is killed."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def executed(said: list[str], environment: Mapping[str, str], folder: Path) -> int:
    """A process of its own, from the start of Python on."""
    launcher = ["koding_audit", *said[1:]] if said[0] == "--" else ["tests.simulator.dying", *said]
    with (folder / "output").open("wb") as output:
        # Nobody waits for it but ended; subprocess would reap it whenever it makes another one.
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", *launcher],
            {**environment, "PYTHONPATH": str(CHECKOUT)},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
            ],
            setsigdef=[signal.SIGINT, signal.SIGHUP],
        )


def forked(said: list[str], environment: Mapping[str, str], folder: Path) -> int:
    """A process that has everything loaded already: a tenth of the time, for the whole sweep."""
    child = os.fork()
    if child:
        return child
    try:
        with (folder / "output").open("wb") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        os.environ.clear()
        os.environ.update(environment)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        if said[0] != "--":
            dying.install(said[0], int(said[1]), said[2])
        sys.argv = ["koding-audit", *said[1 if said[0] == "--" else 3 :]]
        __main__.run()
    finally:
        os._exit(3)


def environment(folder: Path) -> dict[str, str]:
    """Without bytecode: a process that is killed or whose files are limited would leave half a module to all others."""
    return {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextlib.contextmanager
def set_up() -> Iterator[Scene]:
    """An account behind a server of its own, and a home."""
    folder = Path(tempfile.mkdtemp(prefix="koding-audit-death-"))
    try:
        with quickened(), serving(drifted()) as simulator:
            yield Scene(simulator, folder, explored(simulator, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def work(share: Sequence[Death]) -> list[tuple[Death, list[str]]]:
    """One process's share: each death, and what it broke."""
    with set_up() as scene:
        return [(death, judged(scene, death, forked)) for death in share]


def swept(
    processes: int, seed: int, most: int | None = None, tell: Callable[[str], None] = print
) -> tuple[Counter[str], list[str]]:
    """Every death, or the first so many in the seed's order: how many of each kind, and the broken ones.

    tell: called with a line of progress for each share that is done, and for each death that broke something.
    """
    with set_up() as scene:
        every = deaths(scene.world)
    random.Random(seed).shuffle(every)
    every = every[:most]
    counts: Counter[str] = Counter()
    broken = []
    with multiprocessing.Pool(processes) as pool:
        for share in pool.imap_unordered(work, [every[start::_SHARES] for start in range(_SHARES)]):
            for death, failed in share:
                counts[f"{death.by.name} {death.when} {death.what}"] += 1
                if failed:
                    broken.append(f"{death}: {'; '.join(failed)}")
                    tell(f"BROKEN {broken[-1]}")
            tell(f"{sum(counts.values()):>6} of {len(every)} deaths, {len(broken)} broken")
    return counts, broken


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator.death", description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=None, help="only so many deaths (default: all)")
    options = parser.parse_args(arguments)
    begun = time.monotonic()
    tell = functools.partial(print, flush=True)
    counts, broken = swept(options.processes, options.seed, options.most, tell)
    for kind, number in sorted(counts.items()):
        print(f"{kind:<28} {number:>5}")
    minutes = (time.monotonic() - begun) / 60
    print(f"{sum(counts.values())} deaths of 3 runs each in {minutes:.1f} minutes, {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
