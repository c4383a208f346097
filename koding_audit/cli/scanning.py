"""`scan` and `plan`: audit an account, and say or do what mends it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from koding_audit import codec, history_file, registry
from koding_audit.cli import unfinished
from koding_audit.cli.guarding import judged, limits_of, tell_kept_back
from koding_audit.cli.sources import check_writable, desired_state, identified, opened
from koding_audit.cli.terminal import Terminal, check_new, check_outputs, create_file, deliver, emit, outputs
from koding_audit.cli.writing import carry_out, described, shown
from koding_audit.collect import Opened
from koding_audit.errors import AuditError, InputError, RefusedError
from koding_audit.guards import Judgement, Limits
from koding_audit.model import Account, Audit, Caller, Desired, Journal, Plan, Problem, Report, Request, Snapshot
from koding_audit.plan import plan as make_plan
from koding_audit.plan import state_of
from koding_audit.scan import Rule, advice, after_fix, audit, chosen_names, query, rules
from koding_audit.text import inert
from koding_audit.verdict import NOT_CHECKED, exit_status

if TYPE_CHECKING:
    from koding_audit.cli.stacks import Scripts


@dataclass(frozen=True)
class Run:
    """One run of a command: what was said, which rules were chosen, who is told, and what is to be built."""

    options: argparse.Namespace
    terminal: Terminal
    chosen: tuple[Rule, ...]
    scripts: Scripts | None = None


@dataclass(frozen=True)
class Scanned:
    """An audit and what it was made from."""

    audit: Audit
    desired: Desired
    snapshot: Snapshot


def run_of(options: argparse.Namespace, terminal: Terminal, desired: Desired) -> Run:
    """The rules and the scripts that the command line names. Raises InputError."""
    chosen = rules(options.only, options.skip)
    if not options.stack and not options.principal:
        return Run(options, terminal, chosen)
    from koding_audit.cli import stacks  # noqa: PLC0415 - most runs build nothing

    return Run(options, terminal, chosen, stacks.said(options, desired))


def scan(options: argparse.Namespace, terminal: Terminal) -> int:
    """Audit; with --fix also repair, and audit again. The report is written whatever happened."""
    for name in ("create", "replace", "yes", "dry_run", "journal", "allow_admin"):
        if getattr(options, name) and not options.fix:
            raise InputError(f"--{name.replace('_', '-')} says how to write, and nothing is to be written", "add --fix")

    def work() -> Report:
        desired = desired_state(options, writes=options.fix)
        run = run_of(options, terminal, desired)
        if options.fix:
            check_writable(options, desired)
        with opened(options, terminal) as source:
            return _scan(run, source, desired)

    return finished(work, options, terminal)


def finished(
    work: Callable[[], Report],
    options: argparse.Namespace,
    terminal: Terminal,
    status: Callable[[Report], int] | None = None,
) -> int:
    """The exit status of a piece of work, its report delivered: also when it was cut off.

    status: what a report comes to, where that is not what it comes to for a scan.
    """
    wanted = outputs(options.output)
    check_outputs(wanted, _named_files(options))
    history = getattr(options, "history", "")
    if history:
        history_file.check_named(history)
    cut_off = Problem("the run was cut off before its end", "standard error says by what")
    report = Report((), fail_on=options.fail_on, errors=(cut_off,))
    try:
        report = reported(work, options, terminal)
        if history:
            # Before it is delivered: what goes wrong is in the report, too, and in the status.
            report = kept(report, options, terminal)
    finally:
        deliver(report, wanted)
    return status(report) if status else exit_status(report, exit_zero=options.exit_zero)


def _named_files(options: argparse.Namespace) -> list[str]:
    """The files that the command line names, or leaves to their usual names; a report is laid over none of them."""
    found = [os.environ.get("KODING_AUDIT_FILE", ""), "koding-audit.yaml", "policies/koding.yaml"]
    kind, _, argument = getattr(options, "source", "").partition(":")
    found += [argument] if kind == "snapshot" else []
    for name in ("files", "scp", "rcp", "stack"):
        found += getattr(options, name, [])
    return [*found, getattr(options, "plan", ""), options.journal, getattr(options, "history", "")]


def reported(work: Callable[[], Report], options: argparse.Namespace, terminal: Terminal) -> Report:
    """The report of a piece of work, with the rules' advice; an error becomes a part of it, and is told."""
    try:
        report = work()
    except AuditError as error:
        report = Report((), errors=(Problem.of(error),))
    for problem in report.errors:
        terminal.problem(problem)
    return replace(report, fail_on=options.fail_on, advice=advice(report))


def kept(report: Report, options: argparse.Namespace, terminal: Terminal) -> Report:
    """The report, added to the history and with the trend; where that cannot be, with the error, which is told."""
    chosen = chosen_names(options.only, options.skip) if options.only or options.skip else None
    try:
        history_file.append(options.history, report, chosen, datetime.now(timezone.utc), wait=history_file.WAIT)
    except AuditError as error:
        return _without(report, error, "this run is not in it, and its report is written all the same", terminal)
    try:
        audits = [replace(each, trend=history_file.trend(options.history, each)) for each in report.audits]
    except AuditError as error:
        return _without(report, error, "this run is in it, and its report has no trend", terminal)
    return replace(report, audits=tuple(audits))


def _without(report: Report, error: AuditError, what: str, terminal: Terminal) -> Report:
    problem = Problem(error.message, "; ".join(each for each in (error.hint, what) if each))
    terminal.problem(problem)
    return replace(report, errors=(*report.errors, problem))


def report_of(source: Opened, options: argparse.Namespace, terminal: Terminal) -> Report:
    """What `scan` reports of a source that is open already."""

    def work() -> Report:
        desired = desired_state(options, writes=options.fix)
        return _scan(run_of(options, terminal, desired), source, desired)

    return reported(work, options, terminal)


def plan(options: argparse.Namespace, terminal: Terminal) -> int:
    """Save what `scan --fix` would do, or print it. Status 2 where not all could be seen or said; what could is in it.

    Raises RefusedError where it is printed for another tool and a guard refuses: nothing would hold it back later.
    """
    if not options.form:
        check_new(options.out)
    desired = desired_state(options, writes=True)
    run = run_of(options, terminal, desired)
    with opened(options, terminal) as source:
        scanned = scan_once(run, source, desired)
        now = datetime.now(timezone.utc).replace(microsecond=0)
        request, managed = request_of(options), bool(options.form)
        made = make_plan(scanned.audit.findings, scanned.desired, scanned.snapshot, request, now, managed=managed)
        guards = scanned.desired.guards
        # How many changes are too many, whoever applies it says, or the guards do.
        judgement = judged(made, source, scanned.snapshot, guards, Limits(len(made.steps), options.allow_admin))
    tell_kept_back(scanned.audit.findings, guards, terminal)
    for line in shown(made, judgement.marks):
        terminal.note(line)
    left_out = _handed_over(made, judgement, options, terminal)
    unread = [each.message for each in scanned.audit.findings if each.rule == NOT_CHECKED]
    for message in unread:
        terminal.problem(Problem(message, "the plan holds only what could be seen"))
    return 2 if unread or left_out else 0


def _handed_over(made: Plan, judgement: Judgement, options: argparse.Namespace, terminal: Terminal) -> int:
    """To its file, or to standard output in the form of another tool; how many steps that form cannot say."""
    if options.form:
        if judgement.refusals:
            first = judgement.refusals[0]
            raise RefusedError(f"{first.message} ({first.guard})", first.hint)
        return _printed(made, options.form, terminal)
    for each in judgement.refusals:
        terminal.note(inert(f"`apply` will refuse it ({each.guard}): {each.message}; {each.hint}"))
    create_file(options.out, codec.encode_plan(made))
    terminal.note(f"Saved to {inert(options.out)}: `koding-audit apply` does exactly this within 24 hours.")
    return 0


def _printed(made: Plan, form: str, terminal: Terminal) -> int:
    found = registry.load("export", form).exported(made)
    emit(found.text)
    for each in found.left_out:
        what = " ".join(described(each.step.action).split())
        terminal.problem(Problem(f"--as {form} leaves out {what}: {each.reason}", "--as aws-cli says it as a command"))
    return len(found.left_out)


def scan_once(run: Run, source: Opened, desired: Desired) -> Scanned:
    """Who asks, what is there, and what is wrong with it. Raises AuditError."""
    account, _ = identified(source, run.options, run.terminal, desired)
    if source.connection is not None and source.connection.source != "demo":
        unfinished.tell(account, getattr(run.options, "journal", ""), run.terminal)
    bound = desired.bind(account)
    if run.scripts is not None:
        return _with_stacks(run, source, bound, account)
    run.terminal.progress(f"reading account {account.id} ...")
    snapshot = source.collect(query(bound, account, run.chosen))
    return Scanned(audit(bound, snapshot, run.chosen), bound, snapshot)


def _with_stacks(run: Run, source: Opened, bound: Desired, account: Account) -> Scanned:
    """The same, with the sets that the scripts need: which they are is known when the account was read."""
    from koding_audit.cli import stacks  # noqa: PLC0415 - as in run_of

    if run.scripts is None:
        raise AssertionError("unreachable: asked by the caller")
    wanted = stacks.with_stacks(bound, account, run.scripts)
    asked = query(wanted, account, run.chosen)
    run.terminal.progress(f"reading account {account.id} ...")
    snapshot = stacks.whole(source.collect(asked), asked, run.terminal)
    wanted = stacks.enabled(wanted, snapshot, run.scripts, run.terminal)
    return Scanned(audit(wanted, snapshot, run.chosen), wanted, snapshot)


def fixed(run: Run, source: Opened, scanned: Scanned, made: Plan) -> Report:
    """Carry out a plan and measure again. A refusal or an error is in the report, beside what was found."""
    first = scanned.audit
    journal: Journal | None = None
    try:
        if source.connection is None:
            raise InputError("--fix: this source cannot be written", "use --source live")
        refuse_root(first.caller)
        guards = scanned.desired.guards
        tell_kept_back(first.findings, guards, run.terminal)
        judgement = judged(made, source, scanned.snapshot, guards, limits_of(run.options))
        audited = state_of(scanned.snapshot)
        journal, problems = carry_out(made, source.connection, run.options, run.terminal, judgement, audited=audited)
        if journal is None:
            return Report((first,), errors=problems)
        source.connection.renew()
        run.terminal.progress("reading the account again ...")
        again = source.collect(query(scanned.desired, first.account, run.chosen))
    except AuditError as error:
        return Report((replace(first, journal=journal),), errors=(Problem.of(error),))
    return Report((after_fix(first, audit(scanned.desired, again, run.chosen), made, journal),), errors=problems)


def refuse_root(caller: Caller | None) -> None:
    if caller is not None and caller.root:
        hint = "sign in as root, make an administrator of your own, and use its credentials"
        raise RefusedError("nothing is written with the root user's keys", hint)


def _scan(run: Run, source: Opened, desired: Desired) -> Report:
    scanned = scan_once(run, source, desired)
    if not run.options.fix:
        return Report((scanned.audit,))
    findings, taken_at = scanned.audit.findings, scanned.audit.taken_at
    made = make_plan(findings, scanned.desired, scanned.snapshot, request_of(run.options), taken_at)
    return fixed(run, source, scanned, made)


def request_of(options: argparse.Namespace) -> Request:
    return Request(
        with_sets=tuple(options.with_sets),
        only=tuple(options.only),
        skip=tuple(options.skip),
        create=options.create,
        replace=options.replace,
    )
