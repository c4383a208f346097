"""The command `apply`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_report_options, add_write_options

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "do exactly what a plan says; refuse it if anything has moved"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("apply change.plan", "shows it, asks, does it, audits again"),
    ("apply change.plan --yes --account 123456789012", "in a pipeline, after the review"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit apply`."""
    add_report_options(parser)
    add_aws_options(parser)
    parser.add_argument("plan", metavar="PLAN", help="what `plan --out` saved, at most 24 hours old")
    add_write_options(parser.add_argument_group("writing"))


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Do exactly what a plan says; a plan that is stale, or not what its files give today, is refused."""
    from koding_audit.cli.handlers import apply  # noqa: PLC0415 - `apply --help` is spared it

    return apply.run(namespace, terminal)
