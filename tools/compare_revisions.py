"""Compares what a revision does with what this checkout does: the same commands, byte for byte.

`python -m tools.compare_revisions REV` runs some hundreds of command lines (tools/revisions/commands.py) in both trees,
in folders alike and at servers alike, and compares exit status, standard output, standard error, each file that was
written with its mode, and each call to the server. A third side, `mixed`, is the new tree reading what the old one
saved: plans, journals, snapshots, reports, histories, files of a run. Times, temporary paths and the like are masked
(tools/revisions/masks.py). What differs is printed, and the exit status is 1.

`--words`: texts may differ, and nothing else (tools/revisions/structure.py). `--start`: start-up figures instead.
`--only SCENARIO`: only this one; repeatable.
"""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from tools.revisions import structure
from tools.revisions.accounts import serving
from tools.revisions.commands import Scenario, Step, scenarios
from tools.revisions.inputs import FILES
from tools.revisions.masks import Masks
from tools.revisions.start import figures
from tools.revisions.trees import environment, prepared, run

AT_ONCE = 2
LINES = 30  # of a difference that are shown
NOT_COMPARED = (".cache", ".stdout", ".stderr", "__pycache__")
Known = tuple[int, int, bytes]
"""Of a file what changes when it is written: mode, time, content."""
Parts = dict[str, str]
"""What a step left: by `exit status`, `stdout`, `stderr`, `calls` and `file NAME` the masked text."""


@dataclass
class Side:
    """One run of one scenario. tree: whose code runs a step; parts: of each step so far."""

    name: str
    scenario: Scenario
    home: Path
    trees: Mapping[str, Path]
    begun: datetime
    parts: list[Parts] = field(default_factory=list)

    def tree(self, step: Step) -> Path:
        old = self.name == "old" or (self.name == "mix" and step.saves)
        return self.trees["old" if old else "new"]

    @property
    def folder(self) -> Path:
        return self.home / "work"


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="compare-") as temporary:
        folder = Path(temporary).resolve()
        trees = prepared(options.revision, folder)
        if options.start:
            print(figures(trees, folder, options.pairs))
            return 0
        return compared(trees, folder, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.compare_revisions", description=__doc__.split("\n")[0])
    parser.add_argument("revision", help="the revision to compare with: a commit, a branch or a tag")
    parser.add_argument("--words", action="store_true", help="texts may differ, and nothing else")
    parser.add_argument("--start", action="store_true", help="print start-up figures instead")
    parser.add_argument("--pairs", type=int, default=25, help="of --start: runs of each tree (default: 25)")
    parser.add_argument("--only", action="append", default=[], help="only the scenario of this name; repeatable")
    return parser.parse_args()


def compared(trees: Mapping[str, Path], folder: Path, options: argparse.Namespace) -> int:
    """Run every scenario on each side, and print what differs. Returns the exit status."""
    begun = datetime.now(timezone.utc)
    chosen = [each for each in scenarios(_rules(trees["old"], folder)) if not options.only or each.name in options.only]
    sides = [
        Side(name, scenario, folder / name / scenario.name.replace(" ", "-"), trees, begun)
        for scenario in chosen
        for name in ("old", "new", *(["mix"] if scenario.mixed else []))
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(_played, sides))
    olds = {side.scenario.name: side for side in sides if side.name == "old"}
    others = [side for side in sides if side.name != "old"]
    found = [line for side in others for line in _differences(olds[side.scenario.name], side, words=options.words)]
    print("\n".join(found))
    commands = sum(len(side.parts) for side in others)
    seconds = (datetime.now(timezone.utc) - begun).total_seconds()
    differing = sum(line.startswith("== ") for line in found)
    print(f"{commands} commands compared in {seconds:.0f} s: {differing or 'none'} of them differ")
    return 1 if differing else 0


def _rules(tree: Path, folder: Path) -> list[str]:
    """The rules that a tree lists."""
    done = run(["explain"], folder, environment(tree, folder))
    return re.findall(r"^([a-z]+(?:-[a-z]+)+)  ", done.stdout.decode(), re.MULTILINE)


def _played(side: Side) -> None:
    """Run the side's steps one after another."""
    side.folder.mkdir(parents=True)
    if not side.scenario.bare:
        _fill(side.folder, side.trees["old"])
    with serving(side.scenario.server) as server:
        places = [(str(side.home), "~home~"), (server.url, "~server~"), (server.url.rpartition("/")[2], "~address~")]
        places += [(str(tree), "~tree~") for tree in side.trees.values()]
        masks = Masks(places, side.begun, demo=side.scenario.name == "demo")
        for step in side.scenario.steps:
            seen = _files(side.home)
            done = run(step.arguments(server.url), side.folder, environment(side.tree(step), side.home))
            streams = {"stdout": _text(done.stdout), "stderr": _text(done.stderr), "calls": server.taken()}
            files = _changed(side.home, seen, masks)
            masked = {name: masks(text) for name, text in streams.items()}
            side.parts.append({"exit status": str(done.status), **masked, **files})


def _changed(home: Path, seen: Mapping[str, Known], masks: Masks) -> Parts:
    """Each file that was written or removed since it was seen so."""
    now = _files(home)
    written = [path for path, known in now.items() if seen.get(path) != known]
    for path in written:
        masks.know(masks(path), home / path)
    changed = {f"file {masks(path)}": masks(_content(home / path)) for path in written}
    return changed | {f"file {masks(path)}": "gone" for path in seen.keys() - now.keys()}


def _fill(folder: Path, old: Path) -> None:
    """What the commands are given. The samples are those of the old revision, for both."""
    for source, name in ((old / "policies", "policies"), (old / "tests" / "stack" / "scripts", "scripts")):
        shutil.copytree(source, folder / name)
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _files(home: Path) -> dict[str, Known]:
    """Each file below by its path."""
    found = {}
    for path in sorted(home.rglob("*")):
        if path.is_file() and not set(NOT_COMPARED) & set(path.parts):
            about = path.lstat()
            found[str(path.relative_to(home))] = (about.st_mode, about.st_mtime_ns, path.read_bytes())
    return found


def _content(path: Path) -> str:
    """A file as text with its mode; of a database every row."""
    mode = stat.filemode(path.lstat().st_mode)
    data = path.read_bytes()
    text = structure.database(path) if data.startswith(b"SQLite format 3") else _text(data)
    return f"{mode}\n{text}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _differences(old: Side, other: Side, *, words: bool) -> Iterator[str]:
    for step, before, after in zip(old.scenario.steps, old.parts, other.parts, strict=True):
        lines: list[str] = []
        for name in dict.fromkeys([*before, *after]):
            texts = [parts.get(name, "not there") for parts in (before, after)]
            if words:
                texts = [structure.without_words(name, text, code=step.code) for text in texts]
            lines += _diff(name, *texts)
        if lines:
            yield f"== {old.scenario.name}, old and {other.name}: koding-audit {step.line}"
            yield from lines[:LINES]
            yield from [f"   ... {len(lines) - LINES} lines more"] if len(lines) > LINES else []


def _diff(name: str, before: str, after: str) -> Sequence[str]:
    if before == after:
        return []
    split = before.split("\n"), after.split("\n")
    lines = difflib.unified_diff(*split, f"old {name}", f"new {name}", n=1, lineterm="")
    return [line if len(line) < 400 else f"{line[:400]}..." for line in lines]


if __name__ == "__main__":
    sys.exit(main())
