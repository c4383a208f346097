"""Ends a command that has a report: catches its errors, appends the history, delivers it, gives the exit status."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from datetime import datetime, timezone

from koding_audit.aws.sources import AccountSource
from koding_audit.cli.output import check_outputs, deliver_report, parse_outputs
from koding_audit.io.terminal import Terminal
from koding_audit.model.errors import AuditError
from koding_audit.model.frozen import replace
from koding_audit.model.report import Problem, Report
from koding_audit.remediation.account import scan_and_fix
from koding_audit.report.status import exit_status
from koding_audit.scan.catalog import advice_for_report, select_rule_names
from koding_audit.scan.run import prepare_run
from koding_audit.scan.session import resolve_desired_state


def run_and_deliver(
    work: Callable[[], Report],
    options: argparse.Namespace,
    terminal: Terminal,
    status: Callable[[Report], int] | None = None,
) -> int:
    """The exit status of a piece of work, its report delivered: also when it was cut off.

    status: what a report comes to, where that is not what it comes to for a scan.
    """
    wanted = parse_outputs(options.output)
    check_outputs(wanted, _reserved_files(options))
    history = getattr(options, "history", "")
    if history:
        from koding_audit.report import history_store  # noqa: PLC0415 - most runs keep none

        history_store.check_history_path(history)
    cut_off = Problem("the run was cut off before its end", "standard error says by what")
    report = Report((), fail_on=options.fail_on, errors=(cut_off,))
    try:
        report = make_report(work, options, terminal)
        if history:
            # Before it is delivered: what goes wrong is in the report, too, and in the status.
            report = record_history(report, options, terminal)
    finally:
        deliver_report(report, wanted)
    return status(report) if status else exit_status(report, exit_zero=options.exit_zero)


def _reserved_files(options: argparse.Namespace) -> list[str]:
    """The files that the command line names, or leaves to their usual names; a report is laid over none of them."""
    found = [os.environ.get("KODING_AUDIT_FILE", ""), "koding-audit.yaml", "policies/koding.yaml"]
    kind, _, argument = getattr(options, "source", "").partition(":")
    found += [argument] if kind == "snapshot" else []
    for name in ("files", "scp", "rcp", "stack"):
        found += getattr(options, name, [])
    found += [getattr(options, name, None) or "" for name in ("plan", "history", "baseline", "resume")]
    found += [getattr(options, name, "") for name in ("tls_ca", "tls_cert", "tls_key")]
    return [*found, options.journal]


def make_report(work: Callable[[], Report], options: argparse.Namespace, terminal: Terminal) -> Report:
    """The report of a piece of work, with the rules' advice; an error becomes a part of it, and is told."""
    try:
        report = work()
    except AuditError as error:
        report = Report((), errors=(Problem.from_error(error),))
    terminal.print_problems(report.errors)
    return replace(report, fail_on=options.fail_on, advice=advice_for_report(report))


def record_history(report: Report, options: argparse.Namespace, terminal: Terminal) -> Report:
    """The report, added to the history and with the trend; where that cannot be, with the error, which is told."""
    from koding_audit.report import history_store, spool  # noqa: PLC0415 - most runs keep none

    chosen = select_rule_names(options.only, options.skip) if options.only or options.skip else None
    try:
        history_store.append_run(options.history, report, chosen, datetime.now(timezone.utc))
    except AuditError as error:
        return _add_history_error(
            report, error, "this run is not in it, and its report is written all the same", terminal
        )
    try:
        audits = spool.spool_audits(
            replace(each, trend=history_store.read_trend(options.history, each)) for each in report.audits
        )
    except AuditError as error:
        return _add_history_error(report, error, "this run is in it, and its report has no trend", terminal)
    return replace(report, audits=audits)


def _add_history_error(report: Report, error: AuditError, what: str, terminal: Terminal) -> Report:
    problem = Problem(error.message, "; ".join(each for each in (error.hint, what) if each))
    terminal.print_problem(problem)
    return replace(report, errors=(*report.errors, problem))


def scan_source(source: AccountSource, options: argparse.Namespace, terminal: Terminal) -> Report:
    """What `scan` reports of a source that is open already."""

    def work() -> Report:
        desired = resolve_desired_state(options, writes=options.fix)
        return scan_and_fix(prepare_run(options, terminal, desired), source, desired)

    return make_report(work, options, terminal)
