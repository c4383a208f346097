"""The command `permissions`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_quiet_option, add_with_option, parse_account_id

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "print the smallest IAM policy for a run, from the desired state"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("permissions audit koding-audit.yaml", "print what a scan needs"),
    ("permissions fix koding-audit.yaml", "print what `--fix` needs in addition"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit permissions`."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[MODE] [FILE ...]",
        help="audit (default), fix, create, replace (also undo) or setup: what it needs beyond audit; then files",
    )
    parser.add_argument("--account", type=parse_account_id, metavar="ID", help="the account, if no file declares it")
    add_with_option(parser)
    add_quiet_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the policy; AWS is not called. Raises InputError."""
    from koding_audit.cli.handlers import permissions  # noqa: PLC0415 - `permissions --help` does not need it

    return permissions.run(namespace, terminal)
