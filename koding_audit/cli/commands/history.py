"""The command `history`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_answer_option, add_quiet_option, parse_account_id

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "since when each finding stands, what came and went, and a trend, offline"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("history iam-history.db", "of what `scan --history iam-history.db` kept"),
    ("history iam-history.db --last 90 --output json", "the last 90 audits, for a program"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit history`."""
    parser.add_argument("file", metavar="FILE", help="what `scan --history FILE` keeps")
    parser.add_argument("--account", type=parse_account_id, metavar="ID", help="only this account")
    parser.add_argument(
        "--last",
        type=_parse_audit_count,
        default=20,
        metavar="N",
        help="what came and went in the last N audits (default: 20)",
    )
    add_answer_option(parser)
    add_quiet_option(parser)


def _parse_audit_count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of audits from 1 to 999999")
    return int(text)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0 when it was shown, whatever stands. Raises AuditError."""
    from koding_audit.cli.handlers import history  # noqa: PLC0415 - `history --help` is spared it

    return history.run(namespace, terminal)
