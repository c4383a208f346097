"""The command `snapshot`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_source_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "save an account's state, for --source snapshot:FILE"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("snapshot --out account.json", "save it for `scan --source snapshot:account.json`, anywhere"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit snapshot`."""
    add_source_option(parser)
    add_aws_options(parser)
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="the new file to write; an existing file is never replaced"
    )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Save every fact that a scan can need, of all users and groups."""
    from koding_audit.cli.handlers import snapshot  # noqa: PLC0415 - `snapshot --help` does not need it

    return snapshot.run(namespace, terminal)
