"""The command `merge`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_output_option, add_quiet_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "several saved JSON reports, of shards or accounts, as one, offline"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("merge shard-*.json --output table --output json:all.json", "what one run would have said"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit merge`."""
    parser.add_argument(
        "reports", nargs="+", metavar="REPORT", help="what `scan --output json:REPORT` saved, each of other accounts"
    )
    group = parser.add_argument_group("the report")
    add_output_option(group)
    group.add_argument("--exit-zero", action="store_true", help="status 0 in place of 1; never in place of 2")
    add_quiet_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """The exit status of a scan of all of it. Raises InputError."""
    from koding_audit.cli.handlers import merge  # noqa: PLC0415 - `merge --help` is spared it

    return merge.run(namespace, terminal)
