"""The command `init`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_source_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "write ./koding-audit.yaml: a starter, or the account as it is"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("init", "a starter, ./koding-audit.yaml"),
    ("init --adopt", "describes the account as it is: a scan with it is clean"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit init`."""
    add_source_option(parser)
    add_aws_options(parser)
    parser.add_argument("--adopt", action="store_true", help="describe the account that is there; only reads it")


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Write ./koding-audit.yaml, never over one that is there, and beside it the schema that its first line names."""
    from koding_audit.cli.handlers import init  # noqa: PLC0415 - `init --help` is spared it

    return init.run(namespace, terminal)
