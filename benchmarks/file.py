"""A part of `make bench`: what reading the largest file costs in a process that has everything loaded, in CPU time."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from benchmarks import states
from benchmarks.accounts import MOST_GROUPS, MOST_USERS
from benchmarks.measuring import RUNS, spread, table
from koding_audit import desired
from koding_audit.io.yaml_reader import read_yaml_file


def main() -> None:
    gc.set_threshold(1_000_000, 50, 50)  # as the installed command does
    text = states.written_down(MOST_USERS, MOST_GROUPS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "largest.yaml"
        path.write_text(text)
        steps: dict[str, Callable[[], object]] = {
            "yaml.load by the loader in C": lambda: yaml.load(text, Loader=yaml.CSafeLoader),
            "read: every text with its place": lambda: read_yaml_file(str(path)),
            "the whole: read, validated, built, checked": lambda: desired.load_desired([str(path)]),
        }
        taken = [[seconds(step) for step in steps.values()] for _ in range(RUNS)]
    rows = [
        (
            name,
            f"{1000 * statistics.median(own):.0f}",
            spread([one / base[0] for one, base in zip(own, taken, strict=True)]),
        )
        for name, own in zip(steps, zip(*taken, strict=True), strict=True)
    ]
    title = f"{MOST_USERS:,} users x {MOST_GROUPS} groups, {len(text) // 1000} kB of YAML"
    print(table(rows, (title, "CPU ms", "times the loader in C")))


def seconds(step: Callable[[], object]) -> float:
    start = time.process_time()
    step()
    return time.process_time() - start


if __name__ == "__main__":
    main()
