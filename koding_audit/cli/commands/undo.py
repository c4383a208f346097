"""The command `undo`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_write_options

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "take back what a journal says this tool added"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("undo ~/.local/state/koding-audit/123456789012/TIME.jsonl", "shows what it takes back, and asks"),
    ("undo run.jsonl --dry-run", "what would that take back?"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit undo`."""
    add_aws_options(parser)
    parser.add_argument("journal_file", metavar="JOURNAL", help="the journal of a run; its path was printed by it")
    add_write_options(parser.add_argument_group("writing"))


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Take back what a journal says was written, where it is still as it was left."""
    from koding_audit.cli.handlers import undo  # noqa: PLC0415 - `undo --help` is spared it

    return undo.run(namespace, terminal)
