"""The command `snapshot`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_source_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "save the live state, for --source snapshot:FILE"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("snapshot --out account.json", "then `scan --source snapshot:account.json`, anywhere"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit snapshot`."""
    add_source_option(parser)
    add_aws_options(parser)
    parser.add_argument("--out", required=True, metavar="FILE", help="the file to write; never over one that is there")


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Everything that a scan could ask for, of every user and group there is."""
    from koding_audit.cli.handlers import snapshot  # noqa: PLC0415 - `snapshot --help` is spared it

    return snapshot.run(namespace, terminal)
