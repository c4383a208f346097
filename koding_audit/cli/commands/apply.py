"""The command `apply`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_report_options, add_write_options

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "carry out a saved plan; refuse it if anything has changed"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("apply change.plan", "show it, ask for confirmation, carry it out, audit again"),
    ("apply change.plan --yes --account 123456789012", "in a pipeline, after the review"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit apply`."""
    add_report_options(parser)
    add_aws_options(parser)
    parser.add_argument("plan", metavar="PLAN", help="the file of `plan --out`, at most 24 hours old")
    add_write_options(parser.add_argument_group("writing"))


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Carry out a plan. Refuse one that is stale, or that differs from a plan made now."""
    from koding_audit.cli.handlers import apply  # noqa: PLC0415 - `apply --help` does not need it

    return apply.run(namespace, terminal)
