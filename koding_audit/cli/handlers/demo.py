"""`demo`: the tool's main job on the embedded account, each step explained in a line and shown as it would be typed."""

from __future__ import annotations

import argparse
import shlex
import tempfile
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from koding_audit.aws.sources import AccountSource
from koding_audit.aws.sources.demo import deny_without_mfa, detach_dns_policies, put_demo_boundary
from koding_audit.cli.handlers import scan, stack
from koding_audit.cli.output import deliver_report, emit, parse_outputs
from koding_audit.cli.parser import build_parser
from koding_audit.io.terminal import Terminal
from koding_audit.model.errors import AuditError
from koding_audit.report.status import exit_status
from koding_audit.scan.options import SourceOptions
from koding_audit.scan.session import open_source, policy_overlay

_LIMITS_FILES = ("koding.yaml", "service-users.yaml")
_ACTIONS_FILES = ("koding.yaml", "stack-actions.yaml")
_GUIDE_FILES = ("koding.yaml",)
_ONE_REGION_SCP = "one-region-scp.json"
_STACK_SCRIPT = "stacks/web.yml"


class _DemoStep(NamedTuple):
    """What to say, about which files, what to type, and the exit status that shows that it went as said.

    scps: files of the organization's policies; before: what somebody does to the account before; script: a stack script
    that is asked about in place of a scan.
    """

    text: str
    files: tuple[str, ...]
    arguments: tuple[str, ...]
    exit_status: int
    scps: tuple[str, ...] = ()
    before: Callable[[AccountSource], None] | None = None
    script: str = ""


_STEPS: Sequence[tuple[Any, ...]] = (
    ("An account after a year of use. What is missing, and what is in the way?", _LIMITS_FILES, (), 1),
    (
        "--fix attaches what is missing and adds the user to the group; it takes nothing away.",
        _LIMITS_FILES,
        ("--fix", "--yes"),
        1,
    ),
    (
        "Half of the optional route53 set was attached. Which half is wanted is for a person to say: --with says it.",
        _LIMITS_FILES,
        ("--with", "route53", "--fix", "--yes"),
        1,
    ),
    (
        "Audited again: what is left is for a person. With --fail-on error the gate is open.",
        _LIMITS_FILES,
        ("--with", "route53", "--fail-on", "error"),
        0,
    ),
    (
        "Somebody detaches the DNS policies, which nobody seemed to need. May the user still build a stack with a name"
        " in DNS? The script says what it needs, and which policy set is missing, before the build stops half way.",
        _GUIDE_FILES,
        (),
        1,
        (),
        detach_dns_policies,
        _STACK_SCRIPT,
    ),
    (
        "--stack makes the account ready for that stack, and no more. Nobody is asked here, so --with names the set,"
        " too: a script does not widen a group by itself.",
        _GUIDE_FILES,
        ("--stack", _STACK_SCRIPT, "--with", "route53", "--fix", "--yes"),
        0,
    ),
    ("Asked again: it can be built.", _GUIDE_FILES, (), 0, (), None, _STACK_SCRIPT),
    (
        "Attached is not yet allowed. Are the actions that the user is for effective? They are.",
        _ACTIONS_FILES,
        ("--with", "route53"),
        0,
    ),
    (
        "What if the account's organization allows one region only, and not that of the stacks? Most accounts may not"
        " read such a policy: --scp gives it. Everything is still attached.",
        _ACTIONS_FILES,
        ("--with", "route53"),
        1,
        (_ONE_REGION_SCP,),
    ),
    (
        "No such policy, but somebody gives the user a permissions boundary: nothing is detached, and no instance"
        " starts.",
        _ACTIONS_FILES,
        ("--with", "route53"),
        1,
        (),
        put_demo_boundary,
    ),
    (
        "In place of the boundary, a Deny of whatever comes without MFA. An access key never has MFA: every policy is"
        " still attached, and nothing works.",
        _ACTIONS_FILES,
        ("--with", "route53"),
        1,
        (),
        deny_without_mfa,
    ),
)


def run(_namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Audit, fix, and audit again. Status 0 when every step went as it should."""
    with (
        tempfile.TemporaryDirectory() as journals,
        open_source(SourceOptions(source="demo"), terminal) as source,
    ):
        for number, row in enumerate(_STEPS, start=1):
            step = _DemoStep(*row)
            if step.before:
                step.before(source)
            words = _command_words(step)
            emit(f"\n== {number}. {step.text}\n$ {shlex.join(['koding-audit', *words])}\n\n")
            status = _run_step(source, _parse_words(words, f"{journals}/{number}.jsonl"), terminal)
            emit(f"(exit status {status})\n")
            if status != step.exit_status:
                raise AuditError(f"step {number} of the tour ended with status {status}, not {step.exit_status}")
    emit("\nThat was the tour. Your own account: koding-audit scan FILE, with AWS credentials in place.\n")
    return 0


def _command_words(step: _DemoStep) -> list[str]:
    """What would be typed."""
    said = [each for word in step.arguments for each in (_example_paths([word]) if word == _STACK_SCRIPT else [word])]
    said += [each for path in _example_paths(step.scps) for each in ("--scp", path)]
    command = ["stack", *_example_paths([step.script])] if step.script else ["scan"]
    return [*command, *_example_paths(step.files), "--source", "demo", *said]


def _run_step(source: AccountSource, namespace: argparse.Namespace, terminal: Terminal) -> int:
    if namespace.command == "stack":
        return stack.answer_stack(source, stack.read_stack_options(namespace), terminal)
    asked = scan.read_scan_options(namespace)
    report = scan.scan_open_source(policy_overlay(asked.scan.source, terminal)(source), asked, terminal)
    deliver_report(report, parse_outputs(asked.report.output))
    return exit_status(report)


def _parse_words(words: Sequence[str], journal: str) -> argparse.Namespace:
    kept = ["--journal", journal] if "--fix" in words else []
    return build_parser().parse_args([*words, *kept])


def _example_paths(names: Sequence[str]) -> list[str]:
    """The examples that ship; by their short names in a checkout, where they stand in policies/."""
    if all(Path("policies", name).is_file() for name in names):
        return [f"policies/{name}" for name in names]
    packaged = files("koding_audit.policies")
    return [str(packaged / name) for name in names]
