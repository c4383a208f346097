"""The command `permissions`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_quiet_option, add_with_option, parse_account_id

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "print the smallest IAM policy for what a run calls, from the desired state"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("permissions audit koding-audit.yaml", "what a scan reads"),
    ("permissions fix koding-audit.yaml", "what `--fix` needs on top"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit permissions`."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[MODE] [FILE ...]",
        help="audit (default), fix, create, replace (undo too) or setup: what each needs on top of audit; then files",
    )
    parser.add_argument("--account", type=parse_account_id, metavar="ID", help="the account, where no file says it")
    add_with_option(parser)
    add_quiet_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the policy; nothing is asked of AWS. Raises InputError."""
    from koding_audit.cli.handlers import permissions  # noqa: PLC0415 - `permissions --help` is spared it

    return permissions.run(namespace, terminal)
