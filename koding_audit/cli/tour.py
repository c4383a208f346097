"""`demo`: the tool's main job on the embedded account, each step explained in a line and shown as it would be typed."""

from __future__ import annotations

import argparse
import shlex
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from koding_audit.cli.arguments import parser
from koding_audit.cli.scanning import report_of
from koding_audit.cli.sources import opened
from koding_audit.cli.terminal import Terminal, deliver, emit, outputs
from koding_audit.collect import Opened
from koding_audit.errors import AuditError
from koding_audit.verdict import exit_status

_FILES = ("koding.yaml", "service-users.yaml")

# What to say, what to type, and the exit status that shows that it went as said.
_STEPS: Sequence[tuple[str, tuple[str, ...], int]] = (
    ("An account after a year of use. What is missing, and what is in the way?", (), 1),
    ("--fix attaches what is missing and adds the user to the group; it takes nothing away.", ("--fix", "--yes"), 1),
    (
        "Half of the optional route53 set was attached. Which half is wanted is for a person to say: --with says it.",
        ("--with", "route53", "--fix", "--yes"),
        1,
    ),
    (
        "Audited again: what is left is for a person. With --fail-on error the gate is open.",
        ("--with", "route53", "--fail-on", "error"),
        0,
    ),
)


def demo(_options: argparse.Namespace, terminal: Terminal) -> int:
    """Audit, fix, and audit again. Status 0 when every step went as it should."""
    wanted = _desired_files()
    with tempfile.TemporaryDirectory() as journals, opened(_arguments(wanted, (), ""), terminal) as source:
        for number, (says, said, expected) in enumerate(_STEPS, start=1):
            line = shlex.join(["koding-audit", "scan", *wanted, "--source", "demo", *said])
            emit(f"\n== {number}. {says}\n$ {line}\n\n")
            status = _step(source, _arguments(wanted, said, f"{journals}/{number}.jsonl"), terminal)
            emit(f"(exit status {status})\n")
            if status != expected:
                raise AuditError(f"step {number} of the tour ended with status {status}, not {expected}")
    emit("\nThat was the tour. Your own account: koding-audit scan FILE, with AWS credentials in place.\n")
    return 0


def _step(source: Opened, options: argparse.Namespace, terminal: Terminal) -> int:
    report = report_of(source, options, terminal)
    deliver(report, outputs(options.output))
    return exit_status(report)


def _arguments(wanted: Sequence[str], said: Sequence[str], journal: str) -> argparse.Namespace:
    kept = ["--journal", journal] if "--fix" in said else []
    return parser().parse_args(["scan", *wanted, "--source", "demo", *said, *kept])


def _desired_files() -> list[str]:
    """The packaged examples; by their short names in a checkout, where they stand in policies/."""
    if all(Path("policies", name).is_file() for name in _FILES):
        return [f"policies/{name}" for name in _FILES]
    packaged = files("koding_audit.policies")
    return [str(packaged / name) for name in _FILES]
