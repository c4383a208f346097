"""Ends a command that has a report: catches errors, adds to the history, writes the report, returns the status."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timezone

from koding_audit.cli.output import check_outputs, deliver_report, parse_outputs
from koding_audit.io.terminal import Terminal
from koding_audit.model.errors import AuditError
from koding_audit.model.finding import Severity
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.report import Problem, Report, RunIdentity
from koding_audit.report.status import exit_status
from koding_audit.report.wording import allowed_later_sentence
from koding_audit.scan.catalog import advice_for_report, select_rule_names
from koding_audit.scan.options import RuleSelection, ScanOptions


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Where the report of a run goes, and which findings give status 1."""

    output: tuple[str, ...] = ()
    """The values of `--output`, each `FORMAT` or `FORMAT:PATH`; empty for a table."""
    fail_on: Severity = "warning"
    """The lowest severity that gives status 1."""
    exit_zero: bool = False
    """Whether status 0 replaces status 1."""
    history: str = ""
    """The file of `--history`, to which the run is added; "" for none."""
    run: RunIdentity | None = None
    """Which run the report is of, as the command line names it; a report of `scan` may know more of it."""
    inputs: tuple[str, ...] = ()
    """The other files that the command line names; no report may replace one of them."""


def run_and_deliver(
    work: Callable[[], Report],
    options: ReportOptions,
    terminal: Terminal,
    rules: RuleSelection | None = None,
    status: Callable[[Report], int] | None = None,
) -> int:
    """The exit status of a piece of work. Its report is written even if the work is interrupted.

    rules: the selected rules, for the history
    status: computes the exit status of the report; None: as for a scan
    """
    wanted = parse_outputs(options.output)
    check_outputs(wanted, _reserved_files(options))
    if options.history:
        from koding_audit.report import history_store  # noqa: PLC0415 - most runs keep none

        history_store.check_history_path(options.history)
    cut_off = Problem("the run was interrupted before it finished", "see stderr")
    report = Report((), fail_on=options.fail_on, errors=(cut_off,), run=options.run)
    try:
        report = make_report(work, options.fail_on, terminal)
        report = replace(report, run=report.run or options.run)
        if options.history:
            # Before the report is written: an error of the history is then in the report and in the status.
            report = record_history(report, options.history, rules or RuleSelection(), terminal)
    finally:
        deliver_report(report, wanted)
    return status(report) if status else exit_status(report, exit_zero=options.exit_zero)


def _reserved_files(options: ReportOptions) -> list[str]:
    """The files that the command line names, and the default desired-state files."""
    usual = [os.environ.get("KODING_AUDIT_FILE", ""), "koding-audit.yaml", "policies/koding.yaml"]
    return [*usual, options.history, *options.inputs]


def files_of_scan(options: ScanOptions) -> tuple[str, ...]:
    """The files that the options of a scan name."""
    source, desired = options.source, options.desired
    saved = source.source.partition(":")[2] if source.traits.argument else ""
    return (saved, *desired.files, *source.scps, *source.rcps, source.vpce, *options.stacks, options.baseline or "")


def make_report(work: Callable[[], Report], fail_on: Severity, terminal: Terminal) -> Report:
    """The report of a piece of work, with the rules' advice; an error is added to it and printed."""
    try:
        report = work()
    except AuditError as error:
        report = Report((), errors=(Problem.from_error(error),))
    terminal.print_problems(report.errors)
    print_allowed_calls(report, terminal)
    return replace(report, fail_on=fail_on, advice=advice_for_report(report))


def print_allowed_calls(report: Report, terminal: Terminal) -> None:
    """Print which calls of each account AWS denied at first and allowed later."""
    for audit in report.audits:
        if audit.allowed_later:
            terminal.say(f"Account {audit.account.id}: {allowed_later_sentence(audit.allowed_later)}")


def record_history(report: Report, path: str, rules: RuleSelection, terminal: Terminal) -> Report:
    """The report with its trend, after it was added to the history. An error is added to it and printed."""
    from koding_audit.report import history_store, spool  # noqa: PLC0415 - most runs keep none

    chosen = select_rule_names(rules.only, rules.skip) if rules.only or rules.skip else None
    try:
        history_store.append_run(path, report, chosen, datetime.now(timezone.utc))
    except AuditError as error:
        return _add_history_error(report, error, "the report is written, but this run is not in the history", terminal)
    try:
        audits = spool.spool_audits(replace(each, trend=history_store.read_trend(path, each)) for each in report.audits)
    except AuditError as error:
        return _add_history_error(report, error, "this run is in the history, but its report has no trend", terminal)
    return replace(report, audits=audits)


def _add_history_error(report: Report, error: AuditError, consequence: str, terminal: Terminal) -> Report:
    problem = Problem(error.message, "; ".join(each for each in (error.hint, consequence) if each))
    terminal.print_problem(problem)
    return replace(report, errors=(*report.errors, problem))
