"""`merge`: merges saved JSON reports into one, as if one run had made them."""

from __future__ import annotations

import argparse

from koding_audit.cli.handlers.render import read_saved_report
from koding_audit.cli.output import check_outputs, deliver_report, parse_outputs
from koding_audit.io.terminal import Terminal
from koding_audit.model.frozen import replace
from koding_audit.report.merge import merge_reports
from koding_audit.report.status import exit_status
from koding_audit.scan.catalog import advice_for_report
from koding_audit.scan.waiver_use import drop_used_waivers


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Merge the reports. The exit status is that of one scan of all accounts. Raises InputError."""
    wanted = parse_outputs(namespace.output)
    check_outputs(wanted, namespace.reports)
    saved = ((path, read_saved_report(path)) for path in namespace.reports)
    report = drop_used_waivers(merge_reports(saved, terminal.note))
    report = replace(report, advice=advice_for_report(report))
    terminal.print_problems(report.errors)
    deliver_report(report, wanted)
    return exit_status(report, exit_zero=namespace.exit_zero)
