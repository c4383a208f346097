"""`make mutants`: promises broken on purpose in a copy of the package; the tests have to notice each.

`python -m tests.simulator.mutants`; status 1 where a mutant lives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[2]
TESTS = ("tests/simulator",)


class Mutant(NamedTuple):
    """A text in a file of the package, and what stands there instead."""

    file: str
    old: str
    new: str


MUTANTS: Mapping[str, Mutant] = {
    "drop the read-back": Mutant(
        "remediation/executor.py",
        "        if not holds(entry.action, seen) or any(map(self._is_foreign, seen.entities.values())):\n"
        "            return False\n"
        "        ids = unique_ids(entry.action, seen)\n",
        "        ids = unique_ids(entry.action, seen)\n",
    ),
    "swallow a denied page": Mutant(
        "aws/sources/live.py",
        "            if not (gone and error.code == NOT_THERE):",
        "            if not (gone or error.code in ACCESS_DENIED):",
    ),
    "write the journal after the call": Mutant(
        "remediation/executor.py",
        "            self._record(index, entry)\n            self._write(index, entry)\n",
        "            self.entries[index] = entry\n            self._write(index, entry)\n",
    ),
    "skip the re-read": Mutant(
        "remediation/executor.py",
        "        elif holds(step.action, seen):",
        "        elif False:",
    ),
    "say nothing of a run that died": Mutant(
        "remediation/recovery.py",
        "    if left:\n        terminal.say_once(",
        "    if not left:\n        terminal.say_once(",
    ),
    "go on without a journal": Mutant(
        "remediation/journal.py",
        "        if self._broken:\n            hint",
        "        if not self._broken and False:\n            hint",
    ),
    "ignore that somebody was made anew": Mutant(
        "remediation/executor.py",
        "            if known and live and live.unique_id != known:",
        "            if False:",
    ),
    "write over another's document": Mutant(
        "remediation/executor.py",
        "        moved = self._moved(step, seen) or self._rewritten(step, seen, before)",
        "        moved = self._moved(step, seen)",
    ),
    "take a page that does not say so for the last": Mutant(
        "aws/connection.py",
        '            if not take(reply, "IsTruncated", bool, call):',
        '            if not reply.get("IsTruncated"):',
    ),
    "send a refused write again": Mutant(
        "remediation/executor.py",
        "        return fresh or error.code in _BUSY",
        "        return fresh or error.refused",
    ),
    "go on without credentials": Mutant(
        "remediation/executor.py",
        "        if error.code in _AUTH_LOST:",
        "        if False:",
    ),
    "ask but once who asks": Mutant(
        "remediation/write.py",
        "        _refuse_another_identity(account, connection)",
        "        pass",
    ),
    "take a lost answer for a refusal": Mutant(
        "remediation/executor.py",
        "        elif error.refused:",
        "        elif True:",
    ),
}


def lives(name: str, mutant: Mutant) -> bool:
    """Whether the tests pass over a copy with this mutant in it."""
    with tempfile.TemporaryDirectory(prefix="koding-audit-mutant-") as folder:
        for part in ("koding_audit", "tests", "policies"):
            shutil.copytree(CHECKOUT / part, Path(folder) / part)
        shutil.copy(CHECKOUT / "pyproject.toml", folder)
        path = Path(folder) / "koding_audit" / mutant.file
        text = path.read_text(encoding="utf-8")
        if text.count(mutant.old) != 1:
            raise SystemExit(f"{name}: {mutant.file} has changed; write the mutant anew")
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "2", "-p", "no:cacheprovider", *TESTS]
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode == 0


def main() -> int:
    alive = []
    for name, mutant in MUTANTS.items():
        survived = lives(name, mutant)
        print(f"{'LIVES ' if survived else 'killed'}  {name}", flush=True)
        alive += [name] if survived else []
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main())
