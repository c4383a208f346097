"""The command `render`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_output_option, add_quiet_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "turn a saved JSON report into other formats, offline"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("render report.json --output markdown --output junit:report.xml", "print a saved report in other formats"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit render`."""
    parser.add_argument("report", metavar="REPORT", help="a saved report, of `scan --output json:REPORT`")
    add_output_option(parser.add_argument_group("the report"))
    add_quiet_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Write the report in other formats, and print its errors. Status 0, also if the report has findings."""
    from koding_audit.cli.handlers import render  # noqa: PLC0415 - `render --help` does not need it

    return render.run(namespace, terminal)
