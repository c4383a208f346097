"""`merge`: merges saved JSON reports into one, as if one run had made them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from koding_audit.cli.handlers.render import read_saved_report
from koding_audit.cli.output import check_outputs, deliver_report, parse_outputs
from koding_audit.io.terminal import Terminal
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.model.report import Report
from koding_audit.report.spool import join_reports
from koding_audit.report.status import exit_status
from koding_audit.scan.catalog import advice_for_report
from koding_audit.scan.waiver_use import drop_used_waivers


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Merge the reports. The exit status is that of one scan of all accounts. Raises InputError."""
    wanted = parse_outputs(namespace.output)
    check_outputs(wanted, namespace.reports)
    report = _merge_reports([(path, read_saved_report(path)) for path in namespace.reports])
    report = replace(report, advice=advice_for_report(report))
    terminal.print_problems(report.errors)
    deliver_report(report, wanted)
    return exit_status(report, exit_zero=namespace.exit_zero)


def _merge_reports(reports: Sequence[tuple[str, Report]]) -> Report:
    """One report of all. Raises InputError if two are of one account, or differ in --fail-on or version."""
    first_path, first = reports[0]
    path_by_account: dict[str, str] = {}
    for path, report in reports:
        if (report.fail_on, report.made_by) != (first.fail_on, first.made_by):
            message = (
                f"{first_path} and {path} were made with different --fail-on, or by different versions of this tool"
            )
            raise InputError(message, "make all of them with the same --fail-on and version")
        for audit in report.audits:
            if audit.account.id in path_by_account:
                message = f"account {audit.account.id} is in {path_by_account[audit.account.id]} and in {path}"
                raise InputError(message, "remove one of the two")
            path_by_account[audit.account.id] = path
    return drop_used_waivers(join_reports([report for _, report in reports]))
