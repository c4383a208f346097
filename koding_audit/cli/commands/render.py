"""The command `render`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_output_option, add_quiet_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "turn a saved JSON report into other formats, offline"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("render report.json --output markdown --output junit:report.xml", "a saved report in other formats"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit render`."""
    parser.add_argument("report", metavar="REPORT", help="what `scan --output json:REPORT` saved")
    add_output_option(parser.add_argument_group("the report"))
    add_quiet_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0 when it was rendered, whatever the report says; its errors are told as the scan told them."""
    from koding_audit.cli.handlers import render  # noqa: PLC0415 - `render --help` is spared it

    return render.run(namespace, terminal)
