"""The command `plan`: saves what `scan --fix` would do, or prints it for another tool."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import datetime, timezone

from koding_audit import plugins
from koding_audit.cli.option_values import selected_scan
from koding_audit.cli.output import emit
from koding_audit.cli.skipped_rules import note_skipped_rules
from koding_audit.io.codec.plan import encode_plan
from koding_audit.io.output_files import check_new_file, create_file
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.errors import RefusedError
from koding_audit.model.finding import NOT_CHECKED, Finding
from koding_audit.model.frozen import dataclass
from koding_audit.model.plan import Plan
from koding_audit.model.report import Problem
from koding_audit.remediation.account import scan_account
from koding_audit.remediation.fix import other_tool_findings, scan_request
from koding_audit.remediation.guard_checks import check_guards, print_protected_fixes
from koding_audit.remediation.guards import GuardLimits, Judgement
from koding_audit.remediation.options import WriteOptions
from koding_audit.remediation.plan import make_plan
from koding_audit.remediation.write import describe_action, plan_lines
from koding_audit.report.status import is_failing
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import prepare_run
from koding_audit.scan.session import open_source, resolve_desired_state


@dataclass(frozen=True, slots=True)
class PlanCommand:
    """The options of `plan`."""

    scan: ScanOptions
    writes: WriteOptions
    """The kinds of changes that the plan may have."""
    out: str
    """The new file of the plan."""
    form: str
    """The tool that the plan is printed for instead, "" for none."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Save what `scan --fix` would do, or print it. Status 2 if not all could be read or printed; the rest is in it.

    Raises RefusedError if a guard refuses a plan that is printed for another tool, which does not check guards.
    """
    command = _read_options(namespace)
    note_skipped_rules(namespace, terminal)
    if not command.form:
        check_new_file(command.out)
    desired = resolve_desired_state(command.scan.desired, must_be_named=not command.scan.source.traits.is_embedded)
    run = prepare_run(command.scan, terminal, desired)
    with open_source(command.scan.source, terminal) as source:
        scanned = scan_account(run, source, desired)
        now = datetime.now(timezone.utc).replace(microsecond=0)
        request, managed = scan_request(command.scan, command.writes), bool(command.form)
        findings = other_tool_findings(run, scanned, scanned.desired.users) if managed else scanned.audit.findings
        plan = make_plan(findings, scanned.desired, scanned.snapshot, request, now, managed=managed)
        guards = scanned.desired.guards
        # `apply` or the guards limit the number of changes.
        judgement = check_guards(
            plan, source, scanned.snapshot, guards, GuardLimits(len(plan.steps), command.writes.allow_admin)
        ).judgement
    print_protected_fixes(scanned.audit.findings, guards, terminal)
    _print_plan(plan, judgement, scanned.audit.findings, terminal)
    left_out = _deliver_plan(plan, judgement, command, terminal)
    unread = [each.message for each in scanned.audit.findings if each.rule == NOT_CHECKED]
    for message in unread:
        terminal.print_problem(Problem(message, "the plan has only what could be read"))
    return 2 if unread or left_out else 0


def _print_plan(plan: Plan, judgement: Judgement, findings: Iterable[Finding], terminal: Terminal) -> None:
    """Print the plan, and how many errors it does not fix: an empty form does not say so."""
    for line in plan_lines(plan, judgement.grants_by_step):
        terminal.note(line)
    planned = {step.finding for step in plan.steps}
    errors = [each for each in findings if is_failing(each, "error") and each.rule != NOT_CHECKED]
    left = [each for each in errors if each.id not in planned]
    if left:
        rules = ", ".join(sorted({each.rule for each in left}))
        terminal.note(
            f"Not in this plan: {pluralize(len(left), 'error')} ({rules}); `koding-audit scan` says what to do."
        )


def _deliver_plan(plan: Plan, judgement: Judgement, command: PlanCommand, terminal: Terminal) -> int:
    """Write the plan to its file, or print it for another tool. Returns how many steps that tool's form leaves out."""
    if command.form:
        if judgement.refusals:
            first = judgement.refusals[0]
            raise RefusedError(f"{first.message} ({first.guard})", first.hint)
        return _print_export(plan, command.form, terminal)
    for each in judgement.refusals:
        terminal.note(escape(f"`apply` will refuse it ({each.guard}): {each.message}; {each.hint}"))
    create_file(command.out, encode_plan(plan))
    terminal.note(f"Saved to {escape(command.out)}: `koding-audit apply` carries out exactly this, within 24 hours.")
    return 0


def _print_export(plan: Plan, form: str, terminal: Terminal) -> int:
    found = plugins.load_plugin("remediation.export", form).export(plan)
    emit(found.text)
    for each in found.left_out_steps:
        what = " ".join(describe_action(each.step.action).split())
        terminal.print_problem(
            Problem(f"--as {form} leaves out {what}: {each.reason}", "use --as aws-cli, which prints it as a command")
        )
    return len(found.left_out_steps)


def _read_options(namespace: argparse.Namespace) -> PlanCommand:
    """The options, from argparse's namespace."""
    writes = WriteOptions(create=namespace.create, replace=namespace.replace, allow_admin=namespace.allow_admin)
    return PlanCommand(selected_scan(namespace), writes, namespace.out or "", namespace.form or "")
