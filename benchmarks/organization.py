"""`make bench-organization`: what an account costs where many are audited in one run.

200 accounts, or as many as `python -m benchmarks.organization ACCOUNTS` says. Each has USERS users in groups, and each
call takes LATENCY ms. The processor time is the tool's own, of its one process; the local server has a process of its
own. Quote the time of an account beside that of the run of one.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from benchmarks.bench import Case, clean_environment, measure, scan_of, server

USERS, GROUPS, LATENCY = 50, 5, 30
WINDOWS = (1, 8, 16)


def main(accounts: int) -> None:
    with tempfile.TemporaryDirectory() as folder, server(USERS, GROUPS) as url:
        home = Path(folder)
        one, many = home / "one.yaml", home / "many.yaml"
        one.write_text(desired_state(1))
        many.write_text(desired_state(accounts))
        report = ("--output", f"json:{folder}/report.json")
        cases = [Case("1 account", [*scan_of(str(one), url), *report], url, LATENCY)]
        for window in WINDOWS:
            command = [*scan_of(str(many), url), *report, "--parallel", str(window)]
            cases.append(Case(f"{accounts:,} accounts, {window} at once", command, url, LATENCY))
        for case in cases:
            case.runs.append(measure(case, clean_environment(home)))
    print(f"{USERS} users in {GROUPS} groups in each account, {LATENCY} ms a call")
    heads = ("case", "wall s", "accounts/s", "CPU s", "CPU ms an account more", "peak MB", "calls")
    print(tabulate(rows(cases, accounts), heads, disable_numparse=True, colalign=("left",) + ("right",) * 6))


def rows(cases: list[Case], accounts: int) -> Iterator[tuple[str, ...]]:
    """The first account pays for the start: of each further one what it costs more is told."""
    first = cases[0].runs[0]
    for case in cases:
        run = case.runs[0]
        of_run = 1 if case is cases[0] else accounts
        more = f"{1000 * (run.cpu - first.cpu) / (of_run - 1):.1f}" if of_run > 1 else ""
        yield (
            case.name,
            f"{run.wall:.1f}",
            f"{of_run / run.wall:.1f}",
            f"{run.cpu:.2f}",
            more,
            f"{run.memory:.0f}",
            f"{len(run.calls):,}",
        )


def desired_state(accounts: int) -> str:
    """What every account of the server holds, for so many of them."""
    ids = ", ".join(f'"{number:012}"' for number in range(100_000_000_000, 100_000_000_000 + accounts))
    lines = ["version: 1", f"targets: {{all: {{accounts: [{ids}], role: audit}}}}", "policy_sets:"]
    lines += ["  base: {policies: [AmazonEC2FullAccess, IAMReadOnlyAccess]}", "groups:"]
    for group in range(GROUPS):
        members = ", ".join(f"user-{number:04}" for number in range(group, USERS, GROUPS))
        lines.append(f"  group-{group:03}: {{required: [base], members: [{members}]}}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
