"""Start-up figures of two trees: CPU time of short commands, old and new in turns."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path

from tabulate import tabulate

from benchmarks.serving import server
from tools.revisions.inputs import FILES
from tools.revisions.trees import environment, run

HEADERS = ("command", "old ms", "new ms", "new / old")
# Each with the exit status that it has to end with: the snapshot holds only a part of what the file asks for.
COMMANDS = {
    "--version": 0,
    "--help": 0,
    "validate team.yaml": 0,
    "scan team.yaml --source snapshot:details.json": 2,
    "scan guide.yaml --endpoint-url {url}": 0,
}


def figures(trees: Mapping[str, Path], folder: Path, pairs: int) -> str:
    """A table: of each command the median CPU time (user and system) of both, and the median of the pairs' ratios."""
    work = folder / "start" / "work"
    work.mkdir(parents=True)
    for name in ("team.yaml", "details.json"):
        (work / name).write_text(FILES[name], encoding="utf-8")
    guide = trees["old"] / "policies" / "koding.yaml"
    (work / "guide.yaml").write_bytes(guide.read_bytes())
    with server(0, 1) as url:
        rows = [_row(line.format(url=url), status, trees, work, pairs) for line, status in COMMANDS.items()]
    rows = [(row[0].replace(url, "URL"), *row[1:]) for row in rows]
    return f"{tabulate(rows, HEADERS, disable_numparse=True)}\nMedians of {pairs} pairs, CPU time."


def _row(line: str, status: int, trees: Mapping[str, Path], work: Path, pairs: int) -> tuple[str, ...]:
    """One command. Which tree goes first changes from pair to pair; the first run of each tree is not counted."""
    taken: dict[str, list[float]] = {"old": [], "new": []}
    for pair, turn in product(range(pairs + 1), (0, 1)):
        side = ("old", "new")[(pair + turn) % 2]
        done = run(line.split(), work, environment(trees[side], work.parent))
        if done.status != status:  # what fails early would look fast
            sys.exit(f"{line} of {side} ended with {done.status}, not {status}: {done.stderr.decode()}")
        taken[side].append(done.cpu * 1000)
    old, new = taken["old"][1:], taken["new"][1:]
    ratio = statistics.median(after / before for before, after in zip(old, new, strict=True))
    return line, f"{statistics.median(old):.1f}", f"{statistics.median(new):.1f}", f"{ratio:.3f}"
