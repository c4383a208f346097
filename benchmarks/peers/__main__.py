"""`python -m benchmarks.peers [CASES]`: the cases of a file, decided by this tool and by peers that PyPI has.

Each peer is installed on demand into an environment of its own under `.venv/peers`. Without a file the sample beside
the checkout is taken, and nothing is measured where that is absent.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tabulate import tabulate

from koding_audit.policy.evaluation.cases import read_cases

CHECKOUT = Path(__file__).parents[2]
SAMPLE = CHECKOUT.parent / "shared" / "vectors" / "sample.jsonl"
PACKAGES: Mapping[str, str] = {"moto": "moto[iam]"}  # of those that are not installed by their own name
EVALUATORS = ("moto", "principalmapper")


def main(arguments: list[str]) -> int:
    path = Path(arguments[0]) if arguments else SAMPLE
    if not path.is_file():
        print(f"{path} is not there: nothing to measure")
        return 0
    text = path.read_text(encoding="utf-8")
    cases = [json.loads(line) for line in text.splitlines() if line.strip()]
    rows = [row("koding-audit", cases, *ours(text, path))]
    rows += [row(name, cases, *theirs(name, text)) for name in EVALUATORS]
    head = (f"{len(cases)} cases", "right", "false allowed", "no answer", "µs each")
    print(tabulate(rows, head, disable_numparse=True, colalign=("left", *["right"] * 4)))
    return 0


def ours(text: str, path: Path) -> tuple[Mapping[str, bool | None], float]:
    """Our answers, parsing counted too, as it is for the peers that parse."""
    begun = time.perf_counter()
    answers = {case.id: case.decide().verdict == "allowed" for case in read_cases(text, str(path))}
    return answers, time.perf_counter() - begun


def installed(name: str) -> Path:
    """The Python of a peer's own environment, which is made where it is not there yet."""
    folder = CHECKOUT / ".venv" / "peers" / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGES.get(name, name)], check=True)
    return python


def theirs(name: str, text: str) -> tuple[Mapping[str, bool | None], float]:
    runner = [installed(name), Path(__file__).with_name("runners.py"), name]
    done = subprocess.run(runner, input=text, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return found["answers"], found["seconds"]


def row(
    name: str, cases: list[dict[str, Any]], answers: Mapping[str, bool | None], seconds: float
) -> tuple[str, str, str, str, str]:
    """A line of the table: a case is right where allowed is allowed, and whatever denies is denied."""
    wanted = {case["id"]: case["expected"] == "allowed" for case in cases}
    right = sum(answers[each] is wanted[each] for each in wanted)
    false_allowed = sum(answers[each] is True and not wanted[each] for each in wanted)
    silent = sum(answers[each] is None for each in wanted)
    return name, f"{right / len(wanted):.1%}", str(false_allowed), str(silent), f"{seconds / len(wanted) * 1e6:.0f}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
