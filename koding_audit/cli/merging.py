"""`merge`: several saved JSON reports as one, as if one run had made them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from koding_audit.cli.rendering import read_report
from koding_audit.cli.terminal import Terminal, check_outputs, deliver, outputs
from koding_audit.errors import InputError
from koding_audit.frozen import replace
from koding_audit.model import Report
from koding_audit.scan import advice
from koding_audit.spool import joined
from koding_audit.verdict import exit_status


def merge(options: argparse.Namespace, terminal: Terminal) -> int:
    """The exit status of a scan of all of it. Raises InputError."""
    wanted = outputs(options.output)
    check_outputs(wanted, options.reports)
    report = _merged([(path, read_report(path)) for path in options.reports])
    report = replace(report, advice=advice(report))
    terminal.problems(report.errors)
    deliver(report, wanted)
    return exit_status(report, exit_zero=options.exit_zero)


def _merged(reports: Sequence[tuple[str, Report]]) -> Report:
    """Raises InputError where two of them are about one account, or were made in different ways."""
    first_path, first = reports[0]
    seen: dict[str, str] = {}
    for path, report in reports:
        if (report.fail_on, report.made_by) != (first.fail_on, first.made_by):
            message = (
                f"{first_path} and {path} were made with different --fail-on, or by different versions of this tool"
            )
            raise InputError(message, "make them all in one way")
        for audit in report.audits:
            if audit.account.id in seen:
                message = f"account {audit.account.id} is in {seen[audit.account.id]} and in {path}"
                raise InputError(message, "leave one of the two out")
            seen[audit.account.id] = path
    return joined([report for _, report in reports])
