"""What coverage does not measure: it makes Python half as fast, and loads modules that users have not loaded."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator

import coverage
from coverage.exceptions import CoverageWarning


def told_by(script: str) -> str:
    """The last line that a script prints, in a process of its own, which sees what is loaded as users have it."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=plain)
    return done.stdout.splitlines()[-1]


def leave_processes_alone() -> dict[str, str]:
    """What this process starts from here on is not measured, but with what is given in its environment."""
    return {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_")}


@contextlib.contextmanager
def standing_still() -> Iterator[None]:
    """Inside, coverage stands still: for hundreds of whole runs over lines that other tests have proved already."""
    measuring = coverage.Coverage.current()
    if measuring is None:
        yield
        return
    measuring.stop()
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CoverageWarning)  # what it measures has been imported before, by itself
            measuring.start()
        leave_processes_alone()  # to start is also to say again in the environment that they are measured
