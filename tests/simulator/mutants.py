"""`make mutants`: breaks promises on purpose, each in its own copy of the package, and runs the slice of the sweep.

`python -m tests.simulator.mutants` exits with status 1 if the tests pass over a copy with a mutant.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[2]
TESTS = "tests/simulator"
TEXT_TEST = "tests/simulator/test_sweep.py::test_the_text_that_a_mutant_replaces_occurs_once_in_its_file"
"""The test of this table. It is not run over a copy, because it fails there in every case: the text was replaced."""


class Mutant(NamedTuple):
    """A change to the package that breaks a promise.

    file: a path below koding_audit
    old: a text that occurs once in the file
    new: the text that replaces it
    """

    file: str
    old: str
    new: str

    def mutated_text(self, checkout: Path) -> str:
        """The text of the file with the change. Raises ValueError if the old text does not occur exactly once."""
        text = (checkout / "koding_audit" / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"koding_audit/{self.file} has the text {text.count(self.old)} times: {self.old}")
        return text.replace(self.old, self.new)


MUTANTS: Mapping[str, Mutant] = {
    "drop the read-back": Mutant(
        "remediation/executor.py",
        "        if not is_done(entry.action, seen) or any(map(self._is_other_account, seen.entities.values())):\n"
        "            return False\n"
        "        ids = unique_ids(entry.action, seen)\n",
        "        ids = unique_ids(entry.action, seen)\n",
    ),
    "ignore a denied read": Mutant(
        "aws/live_reads.py",
        "            if not (gone and error.code == NO_SUCH_ENTITY):",
        "            if not (gone or error.code in ACCESS_DENIED):",
    ),
    "write the journal after the call": Mutant(
        "remediation/executor.py",
        "            self._record(index, entry)\n            self._send_write(index, entry)\n",
        "            self.entries[index] = entry\n            self._send_write(index, entry)\n",
    ),
    "ignore the read just before a write": Mutant(
        "remediation/executor.py",
        "        elif is_done(step.action, seen):",
        "        elif False:",
    ),
    "do not report an interrupted run": Mutant(
        "remediation/recovery.py",
        "    if left:\n        terminal.say_once(",
        "    if not left:\n        terminal.say_once(",
    ),
    "continue without a journal": Mutant(
        "remediation/journal.py",
        "        if self._write_error:\n            hint",
        "        if not self._write_error and False:\n            hint",
    ),
    "ignore that a principal was deleted and created again": Mutant(
        "remediation/executor.py",
        "            if known and live and live.unique_id != known:",
        "            if False:",
    ),
    "overwrite a document of another client": Mutant(
        "remediation/executor.py",
        "            or self._content_change(step, seen, before)\n",
        "",
    ),
    "look once": Mutant(
        "remediation/executor.py",
        "        return self._second_look.change(step.action, self._created_ids)",
        '        return ""',
    ),
    "accept a last page without IsTruncated": Mutant(
        "aws/connection.py",
        '            if not take_field(reply, "IsTruncated", bool, call):',
        '            if not reply.get("IsTruncated"):',
    ),
    "send a refused write again": Mutant(
        "remediation/executor.py",
        "        return is_new or error.code in _BUSY_ERRORS",
        "        return is_new or error.refused",
    ),
    "continue with credentials that are not valid any more": Mutant(
        "remediation/executor.py",
        "        if error.code in _CREDENTIAL_ERRORS:",
        "        if False:",
    ),
    "do not check the caller again before the first write": Mutant(
        "remediation/write.py",
        "        _refuse_another_identity(account, connection)",
        "        pass",
    ),
    "judge steps alone": Mutant(
        "remediation/guards/entitlements.py",
        "    for step in plan.steps:\n        known = _apply_action(known, step.action)\n    return known\n",
        "    after = known\n"
        "    for step in plan.steps:\n        after = _apply_action(known, step.action)\n    return after\n",
    ),
    "merge without counting": Mutant(
        "report/merge.py",
        "    missing = [number for number in range(1, count + 1) if number not in present]",
        "    missing: list[int] = [number for number in range(1, count + 1) if not present]",
    ),
    "forget that a call was denied": Mutant(
        "aws/denials.py",
        "            self._allowed.add(call)",
        "            pass",
    ),
    "believe the credential report": Mutant(
        "aws/live_credentials.py",
        "    many = query.uses_report or (",
        "    many = True or (",
    ),
    "treat a lost reply as a refusal": Mutant(
        "remediation/executor.py",
        "        elif error.refused:",
        "        elif True:",
    ),
}


def failure(mutant: Mutant | None) -> str:
    """What fails over a copy of the package with this mutant in it; "" for nothing. None: over an unchanged copy."""
    with tempfile.TemporaryDirectory(prefix="koding-audit-mutant-") as folder:
        for part in ("koding_audit", "tests", "policies"):
            shutil.copytree(CHECKOUT / part, Path(folder) / part)
        for part in ("pyproject.toml", "setup.cfg"):
            shutil.copy(CHECKOUT / part, folder)
        if mutant:
            path = Path(folder) / "koding_audit" / mutant.file
            path.write_text(mutant.mutated_text(CHECKOUT), encoding="utf-8")
        options = ["-q", "-x", "-n", "2", "-p", "no:cacheprovider", "--deselect", TEXT_TEST]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, TESTS],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
        failed = re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - |$)", done.stdout, re.MULTILINE)
        return ", ".join(failed) or (done.stdout + done.stderr)[-1000:] if done.returncode else ""


def main() -> int:
    # If the tests fail over an unchanged copy, their failure over a mutant proves nothing.
    failed = failure(None)
    if failed:
        raise SystemExit(f"{TESTS} fails over an unchanged copy of the package: {failed}")
    alive = []
    for name, mutant in MUTANTS.items():
        failed = failure(mutant)
        print(f"killed  {name}: {failed}" if failed else f"LIVES   {name}", flush=True)
        alive += [] if failed else [name]
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main())
