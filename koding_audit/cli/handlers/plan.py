"""The command `plan`: saves what `scan --fix` would do, or prints it for another tool."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone

from koding_audit import plugins
from koding_audit.cli.option_values import selected_scan
from koding_audit.cli.output import emit
from koding_audit.io.codec.plan import encode_plan
from koding_audit.io.output_files import check_new_file, create_file
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape
from koding_audit.model.errors import RefusedError
from koding_audit.model.finding import NOT_CHECKED
from koding_audit.model.frozen import dataclass
from koding_audit.model.plan import Plan
from koding_audit.model.report import Problem
from koding_audit.remediation.account import scan_account
from koding_audit.remediation.fix import scan_request
from koding_audit.remediation.guard_checks import check_guards, print_protected_fixes
from koding_audit.remediation.guards import GuardLimits, Judgement
from koding_audit.remediation.options import WriteOptions
from koding_audit.remediation.plan import make_plan
from koding_audit.remediation.write import describe_action, plan_lines
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import prepare_run
from koding_audit.scan.session import open_source, resolve_desired_state


@dataclass(frozen=True, slots=True)
class PlanCommand:
    """What `plan` is asked for."""

    scan: ScanOptions
    writes: WriteOptions
    """Which kinds of changes the plan may hold."""
    out: str
    """The new file of the plan."""
    form: str
    """The tool that it is printed for instead, "" for none."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Save what `scan --fix` would do, or print it. Status 2 where not all could be seen or said; what could is in it.

    Raises RefusedError where it is printed for another tool and a guard refuses: nothing would hold it back later.
    """
    asked = _read_options(namespace)
    if not asked.form:
        check_new_file(asked.out)
    desired = resolve_desired_state(asked.scan.desired, must_be_named=not asked.scan.source.traits.is_embedded)
    run = prepare_run(asked.scan, terminal, desired)
    with open_source(asked.scan.source, terminal) as source:
        scanned = scan_account(run, source, desired)
        now = datetime.now(timezone.utc).replace(microsecond=0)
        request, managed = scan_request(asked.scan, asked.writes), bool(asked.form)
        made = make_plan(scanned.audit.findings, scanned.desired, scanned.snapshot, request, now, managed=managed)
        guards = scanned.desired.guards
        # How many changes are too many, whoever applies it says, or the guards do.
        judgement = check_guards(
            made, source, scanned.snapshot, guards, GuardLimits(len(made.steps), asked.writes.allow_admin)
        )
    print_protected_fixes(scanned.audit.findings, guards, terminal)
    for line in plan_lines(made, judgement.grants_by_step):
        terminal.note(line)
    left_out = _deliver_plan(made, judgement, asked, terminal)
    unread = [each.message for each in scanned.audit.findings if each.rule == NOT_CHECKED]
    for message in unread:
        terminal.print_problem(Problem(message, "the plan holds only what could be seen"))
    return 2 if unread or left_out else 0


def _deliver_plan(made: Plan, judgement: Judgement, asked: PlanCommand, terminal: Terminal) -> int:
    """To its file, or to standard output in the form of another tool; how many steps that form cannot say."""
    if asked.form:
        if judgement.refusals:
            first = judgement.refusals[0]
            raise RefusedError(f"{first.message} ({first.guard})", first.hint)
        return _print_export(made, asked.form, terminal)
    for each in judgement.refusals:
        terminal.note(escape(f"`apply` will refuse it ({each.guard}): {each.message}; {each.hint}"))
    create_file(asked.out, encode_plan(made))
    terminal.note(f"Saved to {escape(asked.out)}: `koding-audit apply` does exactly this within 24 hours.")
    return 0


def _print_export(made: Plan, form: str, terminal: Terminal) -> int:
    found = plugins.load_plugin("remediation.export", form).export(made)
    emit(found.text)
    for each in found.left_out_steps:
        what = " ".join(describe_action(each.step.action).split())
        terminal.print_problem(
            Problem(f"--as {form} leaves out {what}: {each.reason}", "--as aws-cli says it as a command")
        )
    return len(found.left_out_steps)


def _read_options(namespace: argparse.Namespace) -> PlanCommand:
    """What the command line says."""
    writes = WriteOptions(create=namespace.create, replace=namespace.replace, allow_admin=namespace.allow_admin)
    return PlanCommand(selected_scan(namespace), writes, namespace.out or "", namespace.form or "")
