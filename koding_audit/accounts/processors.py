"""Counts the processors that this process may use: those of its affinity, within the quota of its control group."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def usable_processors(root: Path = Path("/")) -> int:
    """How many processors this process may use at the same time, at least 1.

    A container has the affinity of its whole machine, and a quota: two processes on half a processor are slower than
    one.

    root: the folder that has `proc` and `sys`.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min((allowed, *_read_quotas(root)))))


def _read_quotas(root: Path) -> Iterator[float]:
    """The processors that each control group of this process allows, of both versions of Linux's interface."""
    for folder in _group_folders(root):
        with contextlib.suppress(OSError, ValueError):
            quota, period = (folder / "cpu.max").read_text().split()
            if quota != "max":
                yield int(quota) / int(period)
        with contextlib.suppress(OSError, ValueError):
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            if int(quota) > 0:
                yield int(quota) / int(period)


def _group_folders(root: Path) -> Iterator[Path]:
    """The folders of the control groups and of all groups above them; a container may see its own as the root."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        top = root / "sys/fs/cgroup" / controllers
        below = top / group.lstrip("/")
        yield from (each for each in (below, *below.parents) if each == top or top in each.parents)
