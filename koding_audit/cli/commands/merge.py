"""The command `merge`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_output_option, add_quiet_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "merge saved JSON reports, of shards or accounts, into one, offline"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("merge shard-*.json --output table --output json:all.json", "print the report of all of them"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit merge`."""
    parser.add_argument(
        "reports",
        nargs="+",
        metavar="REPORT",
        help="saved reports, of `scan --output json:REPORT`, each of other accounts",
    )
    group = parser.add_argument_group("the report")
    add_output_option(group)
    group.add_argument("--exit-zero", action="store_true", help="give status 0 instead of 1, never instead of 2")
    add_quiet_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Merge the reports. The exit status is that of one scan of all accounts. Raises InputError."""
    from koding_audit.cli.handlers import merge  # noqa: PLC0415 - `merge --help` does not need it

    return merge.run(namespace, terminal)
