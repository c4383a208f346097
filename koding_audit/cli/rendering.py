"""`render`: a saved JSON report in any other format."""

from __future__ import annotations

import argparse

from koding_audit import codec, inputs
from koding_audit.cli.terminal import Terminal, check_outputs, deliver, outputs
from koding_audit.frozen import replace
from koding_audit.model import Report
from koding_audit.scan import advice

_REPORT = inputs.Wanted("a report", 256, "make one with `scan FILE --output json:REPORT`")


def render(options: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0 when it was rendered, whatever the report says; its errors are told as the scan told them."""
    wanted = outputs(options.output)
    check_outputs(wanted, [options.report])
    report = read_report(options.report)
    terminal.problems(report.errors)
    deliver(report, wanted)
    return 0


def read_report(path: str) -> Report:
    """A saved report, with what its rules say to people. Raises InputError."""
    report = codec.read_report(inputs.read_text(path, _REPORT), path)
    return replace(report, advice=advice(report))
