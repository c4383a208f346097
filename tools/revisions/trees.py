"""Two trees of the project side by side in one temporary folder, and one command of either as a process."""

from __future__ import annotations

import compileall
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PACKAGE = "koding_audit"
TIMEOUT = 120.0


@dataclass(frozen=True)
class Done:
    """How one process ended. cpu: seconds of user and system time."""

    status: int
    stdout: bytes
    stderr: bytes
    cpu: float


def checked_out(revision: str, folder: Path) -> None:
    """Write the files of a revision into a new folder. Exits where there is no such revision."""
    done = subprocess.run(["git", "archive", revision], cwd=CHECKOUT, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"git archive {revision}: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="tar")


def copied(folder: Path) -> None:
    """Copy this checkout as it is now, uncommitted changes included, into a new folder: edits do not reach a run."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, check=True)
    for name in filter(None, done.stdout.decode().split("\0")):
        source, target = CHECKOUT / name, folder / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def prepared(revision: str, folder: Path) -> dict[str, Path]:
    """The tree of each side, `old` and `new`, with its bytecode. The paths are of one length: reports wrap alike."""
    trees = {side: folder / side / "tree" for side in ("old", "new")}
    for tree in trees.values():
        tree.mkdir(parents=True)
    checked_out(revision, trees["old"])
    copied(trees["new"])
    for tree in trees.values():
        compileall.compile_dir(tree / PACKAGE, quiet=2)
        _check_is_used(tree, folder)
    return trees


def _check_is_used(tree: Path, folder: Path) -> None:
    """An installed copy must not take the place of the tree: then a tree would be compared with itself."""
    script = f"import {PACKAGE}; print({PACKAGE}.__file__)"
    command, here = [sys.executable, "-c", script], environment(tree, folder)
    done = subprocess.run(command, cwd=folder, env=here, capture_output=True, check=False)
    found = done.stdout.decode().strip()
    if found != str(tree / PACKAGE / "__init__.py"):
        sys.exit(f"{tree} is not what is imported, but {found}\n{done.stderr.decode()}")


def environment(tree: Path, home: Path) -> dict[str, str]:
    """Nothing from outside but PATH; credentials that open nothing."""
    temporary = home / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tree),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Done:
    """Run one command of the tool to its end; its standard input is empty and no terminal."""
    command = [sys.executable, "-m", PACKAGE, *arguments]
    # Files in place of pipes: wait4 can then be called at once, which alone tells the CPU time of this one child.
    with (folder.parent / ".stdout").open("w+b") as out, (folder.parent / ".stderr").open("w+b") as err:
        streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err}
        process = subprocess.Popen(command, cwd=folder, env=environment, **streams)
        timer = threading.Timer(TIMEOUT, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        return Done(process.returncode, out.read(), err.read(), usage.ru_utime + usage.ru_stime)
