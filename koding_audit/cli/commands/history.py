"""The command `history`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_answer_option, add_quiet_option, parse_account_id

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "show since when each finding is open, what is new and resolved, and a trend, offline"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("history iam-history.db", "show the history of `scan --history iam-history.db`"),
    ("history iam-history.db --last 90 --output json", "print the last 90 audits for a program"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit history`."""
    parser.add_argument("file", metavar="FILE", help="the file of `scan --history FILE`")
    parser.add_argument("--account", type=parse_account_id, metavar="ID", help="show only this account")
    parser.add_argument(
        "--last",
        type=_parse_audit_count,
        default=20,
        metavar="N",
        help="show what is new and resolved in the last N audits (default: 20)",
    )
    add_answer_option(parser)
    add_quiet_option(parser)


def _parse_audit_count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of audits from 1 to 999999")
    return int(text)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the history. Status 0, also if there are open findings. Raises AuditError."""
    from koding_audit.cli.handlers import history  # noqa: PLC0415 - `history --help` does not need it

    return history.run(namespace, terminal)
