"""`render`: writes a saved JSON report in other formats."""

from __future__ import annotations

import argparse

from koding_audit.cli.output import check_outputs, deliver_report, parse_outputs
from koding_audit.io import files
from koding_audit.io.memory import limit_memory
from koding_audit.io.terminal import Terminal
from koding_audit.model.frozen import replace
from koding_audit.model.report import Report
from koding_audit.report import codec
from koding_audit.scan.catalog import advice_for_report

_REPORT_FILE = files.FileSpec("a report", 256, "make one with `scan FILE --output json:REPORT`")


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Write the report in other formats, and print its errors. Status 0, also if the report has findings."""
    wanted = parse_outputs(namespace.output)
    check_outputs(wanted, [namespace.report])
    report = read_saved_report(namespace.report)
    terminal.print_problems(report.errors)
    deliver_report(report, wanted)
    return 0


def read_saved_report(path: str) -> Report:
    """A saved report, with the advice of its rules. Raises InputError."""
    with limit_memory(path):
        report = codec.parse_report(files.read_text(path, _REPORT_FILE), path)
    return replace(report, advice=advice_for_report(report))
