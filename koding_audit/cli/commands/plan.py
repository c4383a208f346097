"""The command `plan`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit import plugins
from koding_audit.cli.options import (
    add_admin_option,
    add_aws_options,
    add_change_options,
    add_file_arguments,
    add_selection_options,
    add_source_option,
)

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "save what `scan --fix` would do"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("plan koding-audit.yaml --out change.plan", "what `scan --fix` would do, saved for a review"),
    ("plan koding-audit.yaml --out change.plan --create", "also users and groups that are missing"),
    ("plan koding-audit.yaml --as terraform", "resources, also for what `managed_by` leaves to others"),
    ("plan koding-audit.yaml --as aws-cli", "the same as a shell script"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit plan`."""
    add_file_arguments(parser)
    add_source_option(parser)
    add_selection_options(parser)
    add_aws_options(parser)
    group = parser.add_argument_group("the plan")
    form = group.add_mutually_exclusive_group(required=True)
    form.add_argument("--out", metavar="PLAN", help="the file to write; never over one that is there")
    form.add_argument(
        "--as",
        dest="form",
        choices=plugins.plugin_names("remediation.export"),
        help="print it for another tool instead, with what `managed_by` leaves to one",
    )
    add_change_options(group)
    add_admin_option(group)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Save what `scan --fix` would do, or print it. Status 2 where not all could be seen or said."""
    from koding_audit.cli.handlers import plan  # noqa: PLC0415 - `plan --help` is spared it

    return plan.run(namespace, terminal)
