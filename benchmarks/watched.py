"""A command and its children, watched in /proc while they run: processor time, and memory at its peak. Linux only."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

INTERVAL = 0.2  # seconds
TICKS = os.sysconf("SC_CLK_TCK")
NAMES = {"VmHWM": "peak", "VmRSS": "now"}


@dataclass
class Watched:
    """What a command took. Its processes' times are those that the system gave it for itself and the children that it
    waited for, or those that were seen, whichever is more.

    parent: peak MB of the command's own process; everyone: the most that all of them held at once, in MB, where what
    they share counts for each; times: seconds of each process when it was last seen.
    """

    status: int = 0
    wall: float = 0.0
    waited: float = 0.0
    parent: float = 0.0
    everyone: float = 0.0
    times: dict[int, float] = field(default_factory=dict)

    @property
    def cpu(self) -> float:
        return max(self.waited, sum(self.times.values()))

    def look(self, pid: int) -> None:
        together = 0.0
        for each in (pid, *children(pid)):
            seen = _status(each)
            together += seen.get("now", 0.0)
            if each == pid:
                self.parent = max(self.parent, seen.get("peak", 0.0))
            self.times[each] = max(self.times.get(each, 0.0), _time(each))
        self.everyone = max(self.everyone, together)


def watch(
    command: Sequence[str], environment: Mapping[str, str], home: Path, meanwhile: Callable[[int], None]
) -> Watched:
    """Run it to its end. meanwhile: called with its process id, again and again."""
    seen = Watched()
    start = time.perf_counter()
    with (home / "said").open("wb") as said:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=said, stderr=said)
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        seen.look(process.pid)
        meanwhile(process.pid)
        time.sleep(INTERVAL)
    seen.wall = time.perf_counter() - start
    process.returncode = seen.status = os.waitstatus_to_exitcode(status)
    seen.waited = usage.ru_utime + usage.ru_stime
    return seen


def children(pid: int) -> list[int]:
    """The ids of all processes below this one."""
    parents: dict[int, list[int]] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and (fields := _stat(int(each.name))):
            parents.setdefault(int(fields[1]), []).append(int(each.name))
    found, rest = [], [pid]
    while rest:
        below = parents.get(rest.pop(), [])
        found += below
        rest += below
    return found


def busiest(pid: int) -> int | None:
    """Of the processes below this one, that which has worked the most; None where there is none."""
    return max(children(pid), key=_time, default=None)


def _stat(pid: int) -> list[str]:
    """The fields behind the name, from the state on; none for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _time(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def _status(pid: int) -> dict[str, float]:
    """MB by NAMES."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    pairs = (line.partition(":") for line in lines)
    return {NAMES[name]: int(rest.split()[0]) / 1024 for name, _, rest in pairs if name in NAMES}
