"""The command `undo`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_write_options

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "undo what a run wrote, from its journal"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("undo ~/.local/state/koding-audit/123456789012/TIME.jsonl", "show what it undoes, and ask for confirmation"),
    ("undo run.jsonl --dry-run", "show what that would undo"),
    ("undo run.jsonl --guards-from policies", "the folder of the run is gone: use the guards.yaml of this one"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit undo`."""
    add_aws_options(parser)
    parser.add_argument("journal_file", metavar="JOURNAL", help="the journal of a run, which printed its path")
    parser.add_argument(
        "--guards-from",
        default="",
        metavar="FOLDER",
        help="the guards.yaml in this folder applies too; needed if the run's folder is gone",
    )
    add_write_options(parser.add_argument_group("writing"))


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Undo the writes of a journal that are unchanged since."""
    from koding_audit.cli.handlers import undo  # noqa: PLC0415 - `undo --help` does not need it

    return undo.run(namespace, terminal)
