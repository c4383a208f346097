"""The command `schema`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "print the JSON Schema of the desired-state file, of guards.yaml or of the JSON report"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("schema > koding-audit.schema.json", "for autocompletion in an editor"),
    ("schema report", "for a program that reads JSON reports"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit schema`."""
    parser.add_argument(
        "format",
        nargs="?",
        default="desired",
        choices=("desired", "guards", "report"),
        help="the format (default: desired)",
    )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the JSON Schema of a format."""
    from koding_audit.cli.handlers import schema  # noqa: PLC0415 - `schema --help` does not need it

    return schema.run(namespace, terminal)
