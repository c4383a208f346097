"""`demo`: the tool's main job on the embedded account, each step explained in a line and shown as it would be typed."""

from __future__ import annotations

import argparse
import shlex
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from koding_audit.cli.arguments import parser
from koding_audit.cli.scanning import report_of
from koding_audit.cli.sources import opened
from koding_audit.cli.terminal import Terminal, deliver, emit, outputs
from koding_audit.collect import Opened
from koding_audit.collect.demo import obstruct
from koding_audit.errors import AuditError
from koding_audit.verdict import exit_status

_LIMITS = ("koding.yaml", "service-users.yaml")
_ACTIONS = ("koding.yaml", "stack-actions.yaml")


class _Step(NamedTuple):
    """What to say, about which files, what to type, and the exit status that shows that it went as said."""

    says: str
    files: tuple[str, ...]
    said: tuple[str, ...]
    expected: int
    obstructed: bool


_STEPS: Sequence[tuple[str, tuple[str, ...], tuple[str, ...], int, bool]] = (
    ("An account after a year of use. What is missing, and what is in the way?", _LIMITS, (), 1, False),
    (
        "--fix attaches what is missing and adds the user to the group; it takes nothing away.",
        _LIMITS,
        ("--fix", "--yes"),
        1,
        False,
    ),
    (
        "Half of the optional route53 set was attached. Which half is wanted is for a person to say: --with says it.",
        _LIMITS,
        ("--with", "route53", "--fix", "--yes"),
        1,
        False,
    ),
    (
        "Audited again: what is left is for a person. With --fail-on error the gate is open.",
        _LIMITS,
        ("--with", "route53", "--fail-on", "error"),
        0,
        False,
    ),
    (
        "Attached is not yet allowed. Are the actions that the user is for effective? They are.",
        _ACTIONS,
        ("--with", "route53"),
        0,
        False,
    ),
    (
        "Somebody gives the user a Deny of whatever comes without MFA. An access key never has MFA: every policy is"
        " still attached, and nothing works.",
        _ACTIONS,
        ("--with", "route53"),
        1,
        True,
    ),
)


def demo(_options: argparse.Namespace, terminal: Terminal) -> int:
    """Audit, fix, and audit again. Status 0 when every step went as it should."""
    with tempfile.TemporaryDirectory() as journals, opened(_arguments((), (), ""), terminal) as source:
        for number, row in enumerate(_STEPS, start=1):
            step = _Step(*row)
            if step.obstructed:
                obstruct(source)
            wanted = _desired_files(step.files)
            line = shlex.join(["koding-audit", "scan", *wanted, "--source", "demo", *step.said])
            emit(f"\n== {number}. {step.says}\n$ {line}\n\n")
            status = _run(source, _arguments(wanted, step.said, f"{journals}/{number}.jsonl"), terminal)
            emit(f"(exit status {status})\n")
            if status != step.expected:
                raise AuditError(f"step {number} of the tour ended with status {status}, not {step.expected}")
    emit("\nThat was the tour. Your own account: koding-audit scan FILE, with AWS credentials in place.\n")
    return 0


def _run(source: Opened, options: argparse.Namespace, terminal: Terminal) -> int:
    report = report_of(source, options, terminal)
    deliver(report, outputs(options.output))
    return exit_status(report)


def _arguments(wanted: Sequence[str], said: Sequence[str], journal: str) -> argparse.Namespace:
    kept = ["--journal", journal] if "--fix" in said else []
    return parser().parse_args(["scan", *wanted, "--source", "demo", *said, *kept])


def _desired_files(names: Sequence[str]) -> list[str]:
    """The packaged examples; by their short names in a checkout, where they stand in policies/."""
    if all(Path("policies", name).is_file() for name in names):
        return [f"policies/{name}" for name in names]
    packaged = files("koding_audit.policies")
    return [str(packaged / name) for name in names]
