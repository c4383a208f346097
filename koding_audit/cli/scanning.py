"""`scan`: audit an account, and have done what mends it; what only a plan or a write needs is not loaded here."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from koding_audit.cli import unfinished
from koding_audit.cli.sources import check_writable, desired_state, held, identified, opened
from koding_audit.cli.terminal import Terminal, check_outputs, deliver, outputs
from koding_audit.collect import Opened
from koding_audit.errors import AuditError, InputError
from koding_audit.frozen import dataclass, replace
from koding_audit.model import Account, Audit, Desired, Problem, Report, Snapshot
from koding_audit.scan import Rule, advice, audit, chosen_names, query, rules
from koding_audit.verdict import exit_status

if TYPE_CHECKING:
    from koding_audit.cli.comparing import Saved
    from koding_audit.cli.stacks import Scripts


_OF_SEVERAL = ("target", "shard", "keep_going", "resume", "engine", "scheduler", "workers")
"""Options about the accounts of targets."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: what was said, who is told, the rules, what is to be built, what it is compared with."""

    options: argparse.Namespace
    terminal: Terminal
    chosen: tuple[Rule, ...]
    scripts: Scripts | None = None
    baseline: Saved | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """An audit and what it was made from."""

    audit: Audit
    desired: Desired
    snapshot: Snapshot


def run_of(options: argparse.Namespace, terminal: Terminal, desired: Desired) -> Run:
    """The rules, the scripts and the baseline that the command line names. Raises InputError."""
    chosen, baseline = rules(options.only, options.skip), baseline_of(options)
    if not options.stack and not options.principal:
        return Run(options, terminal, chosen, baseline=baseline)
    from koding_audit.cli import stacks  # noqa: PLC0415 - most runs build nothing

    return Run(options, terminal, chosen, stacks.said(options, desired), baseline)


def baseline_of(options: argparse.Namespace) -> Saved | None:
    """What --baseline names, of a command that has it. Raises InputError."""
    path = getattr(options, "baseline", None)
    if path is None:
        return None
    from koding_audit.cli import comparing  # noqa: PLC0415 - most runs have no baseline

    return comparing.read(path)


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
        work_on = _of_several(options) if _is_of_several(options, desired) else scanned_and_fixed
        with opened(options, terminal) as source:
            return work_on(run, source, desired)

    return finished(work, options, terminal)


def _of_several(options: argparse.Namespace) -> Callable[[Run, Opened, Desired], Report]:
    """What audits the accounts of targets. Raises InputError."""
    from koding_audit.cli import targeting  # noqa: PLC0415 - most runs are of one account

    targeting.check(options)
    return targeting.scan_targets


def _is_of_several(options: argparse.Namespace, desired: Desired) -> bool:
    """Whether the accounts of targets are audited, and not the one of the source. Raises InputError."""
    several = bool(desired.targets) and options.source == "live"
    named = [name for name in _OF_SEVERAL if getattr(options, name)]
    if named and not several:
        hint = (
            "write `targets:` into the desired state, or leave it out" if not desired.targets else "use --source live"
        )
        raise InputError(f"--{named[0].replace('_', '-')} is about the accounts of targets, and there are none", hint)
    return several


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
        from koding_audit import history_file  # noqa: PLC0415 - most runs keep none

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
    found += [getattr(options, name, None) or "" for name in ("plan", "history", "baseline", "resume")]
    found += [getattr(options, name, "") for name in ("tls_ca", "tls_cert", "tls_key")]
    return [*found, options.journal]


def reported(work: Callable[[], Report], options: argparse.Namespace, terminal: Terminal) -> Report:
    """The report of a piece of work, with the rules' advice; an error becomes a part of it, and is told."""
    try:
        report = work()
    except AuditError as error:
        report = Report((), errors=(Problem.of(error),))
    terminal.problems(report.errors)
    return replace(report, fail_on=options.fail_on, advice=advice(report))


def kept(report: Report, options: argparse.Namespace, terminal: Terminal) -> Report:
    """The report, added to the history and with the trend; where that cannot be, with the error, which is told."""
    from koding_audit import history_file, spool  # noqa: PLC0415 - most runs keep none

    chosen = chosen_names(options.only, options.skip) if options.only or options.skip else None
    try:
        history_file.append(options.history, report, chosen, datetime.now(timezone.utc))
    except AuditError as error:
        return _without(report, error, "this run is not in it, and its report is written all the same", terminal)
    try:
        audits = spool.kept(replace(each, trend=history_file.trend(options.history, each)) for each in report.audits)
    except AuditError as error:
        return _without(report, error, "this run is in it, and its report has no trend", terminal)
    return replace(report, audits=audits)


def _without(report: Report, error: AuditError, what: str, terminal: Terminal) -> Report:
    problem = Problem(error.message, "; ".join(each for each in (error.hint, what) if each))
    terminal.problem(problem)
    return replace(report, errors=(*report.errors, problem))


def report_of(source: Opened, options: argparse.Namespace, terminal: Terminal) -> Report:
    """What `scan` reports of a source that is open already."""

    def work() -> Report:
        desired = desired_state(options, writes=options.fix)
        return scanned_and_fixed(run_of(options, terminal, desired), source, desired)

    return reported(work, options, terminal)


def scan_once(run: Run, source: Opened, desired: Desired) -> Scanned:
    """Who asks, what is there, and what is wrong with it. Raises AuditError."""
    account, _ = identified(source, run.options, run.terminal, desired)
    if run.baseline is not None:
        from koding_audit.cli import comparing  # noqa: PLC0415 - as in baseline_of

        comparing.check(run.baseline, account, run.terminal)
    if source.connection is not None and source.connection.source != "demo":
        unfinished.tell(account, getattr(run.options, "journal", ""), run.terminal)
    bound = held(desired, account)
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


def scanned_and_fixed(run: Run, source: Opened, desired: Desired) -> Report:
    """One account, audited, and repaired where `--fix` says so. Raises AuditError."""
    scanned = scan_once(run, source, desired)
    if not run.options.fix:
        return compared(run, scanned, Report((scanned.audit,)))
    from koding_audit.cli import fixing  # noqa: PLC0415 - a tenth of a second of guards, which most runs do not ask

    return compared(run, scanned, fixing.mended(run, source, scanned))


def compared(run: Run, scanned: Scanned, report: Report) -> Report:
    """The report beside the baseline, where there is one. Last of all: what is planned does not hang on it."""
    if run.baseline is None:
        return report
    from koding_audit.cli import comparing  # noqa: PLC0415 - as in baseline_of

    return comparing.against(run.baseline, report, scanned.desired, run.chosen)
