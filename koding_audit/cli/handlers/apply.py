"""The command `apply`: carries out a saved plan, and refuses one that is stale."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from koding_audit import desired
from koding_audit.cli.finish import ReportOptions, files_of_scan, run_and_deliver
from koding_audit.cli.option_values import live_source, report_options, write_options
from koding_audit.cli.output import check_outputs, parse_outputs
from koding_audit.io import files, json_text
from koding_audit.io.codec.plan import decode_plan
from koding_audit.io.memory import limit_memory
from koding_audit.io.terminal import Terminal
from koding_audit.model.desired import Desired
from koding_audit.model.errors import RefusedError
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.plan import Plan, ScanRequest, Step
from koding_audit.model.query import Gap
from koding_audit.model.report import Report
from koding_audit.remediation.account import scan_account
from koding_audit.remediation.fix import fix_and_audit
from koding_audit.remediation.options import WriteOptions, check_writable
from koding_audit.remediation.plan import make_plan
from koding_audit.remediation.write import describe_action
from koding_audit.scan.account import apply_baseline
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.options import ScanOptions
from koding_audit.scan.run import Run, read_requested_baseline
from koding_audit.scan.session import identify_account, open_source

if TYPE_CHECKING:
    from koding_audit.scan.stack_scripts import StackScripts


PLAN_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ApplyCommand:
    """The options of `apply`."""

    plan: str
    """The file of the plan."""
    scan: ScanOptions
    """The account and the baseline; everything else is in the plan."""
    report: ReportOptions
    writes: WriteOptions


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Carry out a plan. Refuse one that is stale, or that differs from a plan made now."""
    command = _read_options(namespace)

    def work() -> Report:
        saved = read_saved_plan(command.plan)
        wanted = _reload_desired(saved)
        chosen = load_rules(saved.basis.only, saved.basis.skip)
        baseline = read_requested_baseline(command.scan.baseline)
        run = Run(command.scan, terminal, chosen, _reload_scripts(saved, wanted), baseline)
        return _apply_plan(command, run, saved, wanted)

    return run_and_deliver(work, command.report, terminal)


def read_saved_plan(path: str) -> Plan:
    """A saved plan. Raises InputError."""
    with limit_memory(path):
        text = files.read_text(path, files.FileSpec("a plan", 64, "make one with `plan FILE --out PLAN`"))
        return decode_plan(json_text.parse_json(text, path, is_own=True), path)


def _apply_plan(command: ApplyCommand, run: Run, saved: Plan, wanted: Desired) -> Report:
    basis, terminal = saved.basis, run.terminal
    check_outputs(parse_outputs(command.report.output), [file.path for file in basis.files])
    age = datetime.now(timezone.utc) - basis.made_at
    if not timedelta(minutes=-5) <= age <= PLAN_LIFETIME:
        raise RefusedError("the plan is more than 24 hours old, or from the future", "make it again")
    check_writable(command.writes, command.scan.source, wanted)
    request = ScanRequest(basis.with_sets, basis.only, basis.skip, basis.create, basis.replace)
    with open_source(command.scan.source, terminal) as source:
        account, _ = identify_account(source, command.scan.source.account, terminal, wanted)
        if (account.id, account.partition) != (basis.account.id, basis.account.partition):
            raise RefusedError(
                f"the plan is for account {basis.account.id}, and these credentials are for {account.id}",
                "use the credentials of that account, or make a plan for this one",
            )
        scanned = scan_account(run, source, wanted, command.writes.journal)
        again = make_plan(scanned.audit.findings, scanned.desired, scanned.snapshot, request, basis.made_at)
        _refuse_another_plan(saved, again, scanned.audit.gaps)
        return apply_baseline(run, scanned, fix_and_audit(run, source, scanned, saved, command.writes))


def _reload_desired(saved: Plan) -> Desired:
    loaded = desired.load_desired([file.path for file in saved.basis.files if not desired.is_guards_file(file.path)])
    # A guards file that was added or removed since counts as changed.
    changed = sorted({file.path for file in {*saved.basis.files} ^ {*loaded.files}})
    if changed:
        raise RefusedError(f"{', '.join(changed)} has changed since the plan was made", "make the plan again")
    return desired.require_sets(loaded, saved.basis.with_sets)


def _reload_scripts(saved: Plan, wanted: Desired) -> StackScripts | None:
    if not saved.basis.stacks:
        return None
    from koding_audit.scan import stack_scripts  # noqa: PLC0415 - most plans build nothing

    return stack_scripts.reread_plan_scripts(saved.basis, wanted)


def _refuse_another_plan(saved: Plan, again: Plan, gaps: Sequence[Gap]) -> None:
    """Raise RefusedError if a saved plan differs from the one that is made now. gaps: what was not read for it."""
    differences = "; ".join(_plan_differences(saved, again))
    if differences and gaps:
        gap = gaps[0]
        about = f" of {gap.subject}" if gap.subject else ""
        unread = f"{gap.fact.value}{about} could not be read: {gap.call}: {gap.reason}"
        message = f"the plan cannot be compared with one that is made now: {unread}; it would differ: {differences}"
        raise RefusedError(message, "nothing was written; fix the cause, then run it again")
    if differences:
        raise RefusedError(f"the plan differs from one that is made now: {differences}", "make it again")


def _plan_differences(saved: Plan, again: Plan) -> Iterator[str]:
    """What differs between a saved plan and the one that is made now."""
    gone = [step for step in saved.steps if step not in again.steps]
    new = [step for step in again.steps if step not in saved.steps]
    yield from (f"no longer planned: {_step_line(step)}" for step in gone)
    yield from (f"not in the plan: {_step_line(step)}" for step in new)
    if not gone and not new and saved.steps != again.steps:
        yield "its steps were repeated, or are in another order"
    if not gone and not new and saved.basis.state != again.basis.state:
        yield "what it changes is different in the account now"


def _step_line(step: Step) -> str:
    return " ".join(describe_action(step.action).split())


def _read_options(namespace: argparse.Namespace) -> ApplyCommand:
    """The options, from argparse's namespace."""
    scan, writes = ScanOptions(live_source(namespace), baseline=namespace.baseline), write_options(namespace)
    inputs = (namespace.plan, *files_of_scan(scan), writes.journal)
    return ApplyCommand(namespace.plan, scan, replace(report_options(namespace), inputs=inputs), writes)
