"""Two copies of the tool at once, as real processes: on one machine, where the second is refused, and on two."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.simulator.oracles import holdings
from tests.simulator.scenario import FILE, KEY, SECRET, drifted
from tests.simulator.server import Simulator, Target, serving

_PATIENCE = 120  # seconds, for a process that takes one
_WITHOUT_PAUSES = (
    "import sys; from botocore.retries.standard import ExponentialBackoff;"
    "ExponentialBackoff.delay_amount = lambda self, context: 0;"
    "from koding_audit.cli import main; sys.exit(main(sys.argv[1:]))"
)


def outcomes() -> Iterator[tuple[str, str, list[str]]]:
    """Writes of a fix held up until a second copy has run, on the same machine and on another one; and races."""
    writes, _ = _undisturbed()
    for write in writes[::4]:
        yield "M twin", f"two machines, the first stopped at {write}", on_two_machines(write)
    for write in writes[::8]:  # not at the last one: a copy that finds nothing to do asks for no lock
        yield "M twin", f"one machine, the first stopped at {write}", on_one_machine(write)
    for number in range(2):
        yield "M twin", f"race {number + 1} of two machines", racing()


@functools.cache
def _undisturbed() -> tuple[tuple[str, ...], frozenset[tuple[str, ...]]]:
    """The writes of one copy by itself, and what is there then."""
    with serving(drifted()) as simulator, tempfile.TemporaryDirectory() as folder:
        _finished(_started(simulator, Path(folder), "one"))
        return tuple(simulator.writes), holdings(simulator.account.state)


def on_one_machine(write: str) -> list[str]:
    """The second copy is refused, and told who holds the lock; the first one goes on to its end."""
    with serving(drifted()) as simulator, tempfile.TemporaryDirectory() as folder:
        first, go = _stopped_at(simulator, Path(folder), (write, 1))
        status, told = _finished(_started(simulator, Path(folder), "one"))
        during = list(simulator.writes)
        go.set()
        ended, _ = _finished(first)
        checks = {
            "P13 the second copy was not refused": status != 2,
            "P13 it does not say who holds the lock": f"process {first.pid}" not in told,
            "P13 it wrote": during[-1] != write,
            "P13 the first copy did not come to its end": ended != 0,
        }
        return [name for name, bad in checks.items() if bad] + _ends(simulator, Path(folder))


def on_two_machines(write: str) -> list[str]:
    """What the second copy has done meanwhile the first one sees, and does not do again."""
    with serving(drifted()) as simulator, tempfile.TemporaryDirectory() as folder:
        first, go = _stopped_at(simulator, Path(folder), (write, 1))
        status, told = _finished(_started(simulator, Path(folder), "two"))
        go.set()
        ended, also = _finished(first)
        twice = [each for each, number in Counter(simulator.writes).items() if number > 1]
        checks = {
            f"P13 written twice: {twice}": bool(twice),
            f"P13 the second copy did not come to its end: {told[-300:]}": status != 0,
            f"P13 the first one ended with {ended}: {also[-300:]}": ended not in (0, 2),
        }
        return [name for name, bad in checks.items() if bad] + _ends(simulator, Path(folder))


def racing() -> list[str]:
    """Two copies begin together. Whoever comes second at a step sees that it is done, or is refused it."""
    with serving(drifted()) as simulator, tempfile.TemporaryDirectory() as folder:
        both = [_started(simulator, Path(folder), name) for name in ("one", "two")]
        statuses = [_finished(each)[0] for each in both]
        failed = [f"P13 a status of {each}" for each in statuses if each not in (0, 2)]
        return failed + _ends(simulator, Path(folder))


def _ends(simulator: Simulator, folder: Path) -> list[str]:
    """Whatever became of the two, the next run ends with what is wanted: what one copy by itself makes."""
    status, told = _finished(_started(simulator, folder, "one"))
    checks = {
        f"I6 the run after them ends with {status}: {told[-300:]}": status != 0,
        "I4 the account is not as wanted": holdings(simulator.account.state) != _undisturbed()[1],
    }
    return [name for name, bad in checks.items() if bad]


def _stopped_at(simulator: Simulator, folder: Path, target: Target) -> tuple[subprocess.Popen[str], threading.Event]:
    """A copy that waits for the answer to a write, and what lets it go on."""
    go, arrived = threading.Event(), threading.Event()
    simulator.stalls[target] = go
    simulator.after[target] = arrived.set
    process = _started(simulator, folder, "one")
    if not arrived.wait(_PATIENCE):
        raise AssertionError(f"{target} did not come")
    return process, go


def _started(simulator: Simulator, folder: Path, machine: str) -> subprocess.Popen[str]:
    """`scan --fix --create --yes` as a process; a machine is a folder for the state."""
    file = folder / "desired.yaml"
    file.write_text(FILE)
    arguments = ["scan", str(file), "--fix", "--create", "--yes", "--endpoint-url", simulator.url, "--output", "json"]
    return subprocess.Popen(
        [sys.executable, "-c", _WITHOUT_PAUSES, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / machine),
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    told, _ = process.communicate(timeout=_PATIENCE)
    return process.returncode, told
