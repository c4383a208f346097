"""`demo`: the tool's main job on the embedded account, each step explained in a line and shown as it would be typed."""

from __future__ import annotations

import argparse
import shlex
import tempfile
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from koding_audit.cli.arguments import parser
from koding_audit.cli.scanning import report_of
from koding_audit.cli.sources import opened, with_levels
from koding_audit.cli.terminal import Terminal, deliver, emit, outputs
from koding_audit.collect import Opened
from koding_audit.collect.demo import bound, deny_without_mfa, without_dns
from koding_audit.errors import AuditError
from koding_audit.verdict import exit_status

_LIMITS = ("koding.yaml", "service-users.yaml")
_ACTIONS = ("koding.yaml", "stack-actions.yaml")
_GUIDE = ("koding.yaml",)
_ONE_REGION = "one-region-scp.json"
_STACK = "stacks/web.yml"


class _Step(NamedTuple):
    """What to say, about which files, what to type, and the exit status that shows that it went as said.

    scps: files of the organization's policies; before: what somebody does to the account before; script: a stack script
    that is asked about in place of a scan.
    """

    says: str
    files: tuple[str, ...]
    said: tuple[str, ...]
    expected: int
    scps: tuple[str, ...] = ()
    before: Callable[[Opened], None] | None = None
    script: str = ""


_STEPS: Sequence[tuple[Any, ...]] = (
    ("An account after a year of use. What is missing, and what is in the way?", _LIMITS, (), 1),
    (
        "--fix attaches what is missing and adds the user to the group; it takes nothing away.",
        _LIMITS,
        ("--fix", "--yes"),
        1,
    ),
    (
        "Half of the optional route53 set was attached. Which half is wanted is for a person to say: --with says it.",
        _LIMITS,
        ("--with", "route53", "--fix", "--yes"),
        1,
    ),
    (
        "Audited again: what is left is for a person. With --fail-on error the gate is open.",
        _LIMITS,
        ("--with", "route53", "--fail-on", "error"),
        0,
    ),
    (
        "Somebody detaches the DNS policies, which nobody seemed to need. May the user still build a stack with a name"
        " in DNS? The script says what it needs, and which policy set is missing, before the build stops half way.",
        _GUIDE,
        (),
        1,
        (),
        without_dns,
        _STACK,
    ),
    (
        "--stack makes the account ready for that stack, and no more. Nobody is asked here, so --with names the set,"
        " too: a script does not widen a group by itself.",
        _GUIDE,
        ("--stack", _STACK, "--with", "route53", "--fix", "--yes"),
        0,
    ),
    ("Asked again: it can be built.", _GUIDE, (), 0, (), None, _STACK),
    (
        "Attached is not yet allowed. Are the actions that the user is for effective? They are.",
        _ACTIONS,
        ("--with", "route53"),
        0,
    ),
    (
        "What if the account's organization allows one region only, and not that of the stacks? Most accounts may not"
        " read such a policy: --scp gives it. Everything is still attached.",
        _ACTIONS,
        ("--with", "route53"),
        1,
        (_ONE_REGION,),
    ),
    (
        "No such policy, but somebody gives the user a permissions boundary: nothing is detached, and no instance"
        " starts.",
        _ACTIONS,
        ("--with", "route53"),
        1,
        (),
        bound,
    ),
    (
        "In place of the boundary, a Deny of whatever comes without MFA. An access key never has MFA: every policy is"
        " still attached, and nothing works.",
        _ACTIONS,
        ("--with", "route53"),
        1,
        (),
        deny_without_mfa,
    ),
)


def demo(_options: argparse.Namespace, terminal: Terminal) -> int:
    """Audit, fix, and audit again. Status 0 when every step went as it should."""
    with (
        tempfile.TemporaryDirectory() as journals,
        opened(_arguments(("scan", "--source", "demo"), ""), terminal) as source,
    ):
        for number, row in enumerate(_STEPS, start=1):
            step = _Step(*row)
            if step.before:
                step.before(source)
            words = _words(step)
            emit(f"\n== {number}. {step.says}\n$ {shlex.join(['koding-audit', *words])}\n\n")
            status = _run(source, _arguments(words, f"{journals}/{number}.jsonl"), terminal)
            emit(f"(exit status {status})\n")
            if status != step.expected:
                raise AuditError(f"step {number} of the tour ended with status {status}, not {step.expected}")
    emit("\nThat was the tour. Your own account: koding-audit scan FILE, with AWS credentials in place.\n")
    return 0


def _words(step: _Step) -> list[str]:
    """What would be typed."""
    said = [each for word in step.said for each in (_packaged([word]) if word == _STACK else [word])]
    said += [each for path in _packaged(step.scps) for each in ("--scp", path)]
    command = ["stack", *_packaged([step.script])] if step.script else ["scan"]
    return [*command, *_packaged(step.files), "--source", "demo", *said]


def _run(source: Opened, options: argparse.Namespace, terminal: Terminal) -> int:
    if options.command == "stack":
        from koding_audit.cli.building import answered  # noqa: PLC0415 - only some steps build

        return answered(source, options, terminal)
    report = report_of(with_levels(options, terminal)(source), options, terminal)
    deliver(report, outputs(options.output))
    return exit_status(report)


def _arguments(words: Sequence[str], journal: str) -> argparse.Namespace:
    kept = ["--journal", journal] if "--fix" in words else []
    return parser().parse_args([*words, *kept])


def _packaged(names: Sequence[str]) -> list[str]:
    """The examples that ship; by their short names in a checkout, where they stand in policies/."""
    if all(Path("policies", name).is_file() for name in names):
        return [f"policies/{name}" for name in names]
    packaged = files("koding_audit.policies")
    return [str(packaged / name) for name in names]
