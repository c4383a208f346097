"""The command `init`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_source_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "write ./koding-audit.yaml: a starter, or the account as it is"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("init", "write a starter, ./koding-audit.yaml"),
    ("init --adopt", "describe the account as it is: a scan with it is clean"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit init`."""
    add_source_option(parser)
    add_aws_options(parser)
    parser.add_argument("--adopt", action="store_true", help="describe the account as it is; nothing is written to it")


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Write ./koding-audit.yaml, if there is none yet, and beside it the schema that its first line names."""
    from koding_audit.cli.handlers import init  # noqa: PLC0415 - `init --help` does not need it

    return init.run(namespace, terminal)
