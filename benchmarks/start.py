"""Commands that call nothing: what a start costs, what is imported for it, and the embedded account."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.measuring import CHECKOUT, Bench, Case, Held, in_turn, milliseconds, peak, ratio, table

GUIDE = CHECKOUT / "policies" / "koding.yaml"
DEMO = "scan --source demo"
COMMANDS = {"--help": 0, "--version": 0, "schema": 0, f"validate {GUIDE}": 0, DEMO: 1, "demo": 0}
"""With the status that each ends with."""
CLIENT = "import botocore.session as s; s.get_session().create_client('iam', region_name='us-east-1')"
HEAVY = ("boto3", "botocore", "moto", "jsonschema", "tabulate")


def measured(bench: Bench) -> Iterator[str | Held]:
    cases = {
        command: [build.case(bench, *command.split(), status=status) for build in bench.builds]
        for command, status in COMMANDS.items()
    }
    client = Case("", [sys.executable, "-c", CLIENT], bench.environment)
    in_turn([client, *(case for each in cases.values() for case in each)], bench.runs, bench.home)
    rows = [
        (
            command.replace(str(GUIDE), GUIDE.name),
            ", ".join(imported(ours.command, ours.environment, ours.status)),
            *times(ours),
            *(ratio(ours, each, "cpu") for each in old),
        )
        for command, [ours, *old] in cases.items()
    ]
    rows.append(("botocore alone: a session and a client of IAM", "", *times(client), *([""] if bench.old else [])))
    old_heads = (f"CPU to {bench.old.name}",) if bench.old else ()
    heads = ("koding-audit", f"which it imports of {', '.join(HEAVY)}", "wall ms", "CPU ms", "peak MB", *old_heads)
    yield f"Commands that call nothing\n\n{table(rows, heads, 2)}"
    if bench.old:
        yield Held(f"{DEMO}, CPU, to {bench.old.name}", ratio(*cases[DEMO], "cpu"), "0.50")


def times(case: Case) -> tuple[str, str, str]:
    return milliseconds(case, "wall"), milliseconds(case, "cpu"), peak(case)


def imported(arguments: Sequence[str], environment: Mapping[str, str], status: int = 0) -> list[str]:
    """Which of the heavy packages a command imports."""
    told = {**environment, "PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(arguments, env=told, capture_output=True, text=True, check=False)
    if done.returncode != status:
        sys.exit(f"{arguments} ended with {done.returncode}: {done.stderr[-2000:]}")
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    return [name for name in HEAVY if name in modules]
