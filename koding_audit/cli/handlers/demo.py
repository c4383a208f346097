"""`demo`: the tool's main tasks on the embedded account: each step with an explanation and its command."""

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
    """A step of the tour.

    text: the explanation
    files: the desired-state files
    arguments: the options of the command
    exit_status: the expected exit status
    scps: files of the organization's policies
    before: a change of the account before the step
    script: a stack script to check instead of a scan
    """

    text: str
    files: tuple[str, ...]
    arguments: tuple[str, ...]
    exit_status: int
    scps: tuple[str, ...] = ()
    before: Callable[[AccountSource], None] | None = None
    script: str = ""


_STEPS: Sequence[tuple[Any, ...]] = (
    ("An account after a year of use. The scan lists what is missing, and what blocks it.", _LIMITS_FILES, (), 1),
    (
        "--fix attaches what is missing and adds the user to the group; it removes nothing.",
        _LIMITS_FILES,
        ("--fix", "--yes"),
        1,
    ),
    (
        "Half of the optional route53 set is attached. A person decides whether to complete it, by --with.",
        _LIMITS_FILES,
        ("--with", "route53", "--fix", "--yes"),
        1,
    ),
    (
        "Audit again: the remaining findings are for a person. With --fail-on error the status is 0.",
        _LIMITS_FILES,
        ("--with", "route53", "--fail-on", "error"),
        0,
    ),
    (
        "The DNS policies are detached, because they seem unused. Can the user still build a stack with a name in DNS?"
        " `stack` shows what the script needs, and which policy set is missing, before the build fails.",
        _GUIDE_FILES,
        (),
        1,
        (),
        detach_dns_policies,
        _STACK_SCRIPT,
    ),
    (
        "--stack prepares the account for that stack, and no more. This run does not prompt, so --with must name the"
        " set too: a script alone does not extend a group.",
        _GUIDE_FILES,
        ("--stack", _STACK_SCRIPT, "--with", "route53", "--fix", "--yes"),
        0,
    ),
    ("Check again: it can be built.", _GUIDE_FILES, (), 0, (), None, _STACK_SCRIPT),
    (
        "Attached does not mean allowed. Are the actions that the user needs effective? They are.",
        _ACTIONS_FILES,
        ("--with", "route53"),
        0,
    ),
    (
        "What if the account's organization allows one region only, and not that of the stacks? Most accounts cannot"
        " read such a policy: --scp provides it. Everything is still attached.",
        _ACTIONS_FILES,
        ("--with", "route53"),
        1,
        (_ONE_REGION_SCP,),
    ),
    (
        "No such policy, but a permissions boundary on the user: nothing is detached, and no instance starts.",
        _ACTIONS_FILES,
        ("--with", "route53"),
        1,
        (),
        put_demo_boundary,
    ),
    (
        "Instead of the boundary, a Deny of each request without MFA. An access key never has MFA: every policy is"
        " still attached, and nothing works.",
        _ACTIONS_FILES,
        ("--with", "route53"),
        1,
        (),
        deny_without_mfa,
    ),
)


def run(_namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Audit, fix, and audit again. Status 0 if each step had the expected status."""
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
    emit("\nEnd of the tour. For your own account: set AWS credentials, and run koding-audit scan FILE.\n")
    return 0


def _command_words(step: _DemoStep) -> list[str]:
    """The command line of a step, without the name of the tool."""
    options = [
        each for word in step.arguments for each in (_example_paths([word]) if word == _STACK_SCRIPT else [word])
    ]
    options += [each for path in _example_paths(step.scps) for each in ("--scp", path)]
    start = ["stack", *_example_paths([step.script])] if step.script else ["scan"]
    return [*start, *_example_paths(step.files), "--source", "demo", *options]


def _run_step(source: AccountSource, namespace: argparse.Namespace, terminal: Terminal) -> int:
    if namespace.command == "stack":
        return stack.answer_stack(source, stack.read_stack_options(namespace), terminal)
    command = scan.read_scan_options(namespace)
    report = scan.scan_open_source(policy_overlay(command.scan.source, terminal)(source), command, terminal)
    deliver_report(report, parse_outputs(command.report.output))
    return exit_status(report)


def _parse_words(words: Sequence[str], journal: str) -> argparse.Namespace:
    journal_option = ["--journal", journal] if "--fix" in words else []
    return build_parser().parse_args([*words, *journal_option])


def _example_paths(names: Sequence[str]) -> list[str]:
    """The paths of packaged examples; in a checkout, the short paths below policies/."""
    if all(Path("policies", name).is_file() for name in names):
        return [f"policies/{name}" for name in names]
    packaged = files("koding_audit.policies")
    return [str(packaged / name) for name in names]
