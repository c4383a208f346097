"""The command `plan`: its summary, examples, arguments and entry point."""

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

SUMMARY = "save or print the changes that `scan --fix` would make"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("plan koding-audit.yaml --out change.plan", "save what `scan --fix` would do, for a review"),
    ("plan koding-audit.yaml --out change.plan --create", "also create missing users and groups"),
    ("plan koding-audit.yaml --as terraform", "print resources, also for what has `managed_by`"),
    ("plan koding-audit.yaml --as aws-cli", "print a shell script"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit plan`."""
    add_file_arguments(parser)
    add_source_option(parser)
    add_selection_options(parser)
    add_aws_options(parser)
    group = parser.add_argument_group("the plan")
    form = group.add_mutually_exclusive_group(required=True)
    form.add_argument("--out", metavar="PLAN", help="the new file to write; an existing file is never replaced")
    form.add_argument(
        "--as",
        dest="form",
        choices=plugins.plugin_names("remediation.export"),
        help="print it for another tool instead, including what has `managed_by`",
    )
    add_change_options(group)
    add_admin_option(group)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Save what `scan --fix` would do, or print it. Status 2 if not all could be read or printed."""
    from koding_audit.cli.handlers import plan  # noqa: PLC0415 - `plan --help` does not need it

    return plan.run(namespace, terminal)
