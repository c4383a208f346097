"""`python -m benchmarks.data`: size and load time of the packed reference data, and what its questions cost.

Each is the median of RUNS fresh processes for what loads, and of RUNS calls for what is asked.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tabulate import tabulate

from koding_audit.reference import actions, managed_policies

RUNS = 9
DATA = Path(__file__).parents[1] / "koding_audit" / "reference" / "data"
LOADERS = {"actions": "load_actions", "managed_policies": "load_managed_policies"}
FILES = {"actions": "action_*.xz", "managed_policies": "managed_policies.xz"}
FRESH = """
import time
from koding_audit.reference.{package} import {load}
start = time.perf_counter()
{load}()
print(time.perf_counter() - start)
"""


def main() -> None:
    known, policies = actions.load_actions(), managed_policies.load_managed_policies()
    rows: list[tuple[str, str, str]] = []
    for package, origin in (("actions", known.origin), ("managed_policies", policies.origin)):
        size = sum(path.stat().st_size for path in DATA.glob(FILES[package]))
        counted = ", ".join(f"{number} {what}" for what, number in origin.counts.items())
        rows.append(
            (
                f"{package}.{LOADERS[package]}()",
                shown(fresh(package)),
                f"{size / 1000:.0f} kB, {origin.date}: {counted}",
            )
        )
    rows += [
        (question, shown(timed(ask)), "")
        for question, ask in (
            ("canonical, one action", lambda: known.canonical_name("EC2:runinstances")),
            ("canonical, every action", lambda: [known.canonical_name(each) for each in known.expand("*")]),
            ("expand, one service", lambda: known.expand("ec2:Describe*")),
            ("expand, all services", lambda: known.expand("*")),
            ("nearest, service known", lambda: known.nearest_action("ec2:DescribeInstance")),
            ("nearest, service unknown", lambda: known.nearest_action("lamda:InvokFunction")),
            ("load, and every action's resource types", lambda: details(actions.load_actions())),
            ("every managed document", lambda: list(policies.values())),
        )
    ]
    print(tabulate(rows, ("what", "median", ""), disable_numparse=True, colalign=("left", "right", "left")))


def details(known: actions.ActionList) -> None:
    for each in filter(known.is_described, known.expand("*")):
        known.resource_types(each)


def fresh(package: str) -> float:
    run = [sys.executable, "-c", FRESH.format(package=package, load=LOADERS[package])]
    return statistics.median(
        float(subprocess.run(run, capture_output=True, text=True, check=True, cwd=DATA.parents[2]).stdout)
        for _ in range(RUNS)
    )


def timed(ask: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def shown(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


if __name__ == "__main__":
    main()
