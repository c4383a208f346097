"""The command `explain`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "show what a rule checks, why, how to fix it by hand, and an example"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("explain", "list the rules"),
    ("explain policy-missing", "show what it checks, and how to fix it by hand"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit explain`."""
    parser.add_argument(
        "rule", nargs="?", default="", metavar="RULE", help="a rule, or the id of a finding (default: list the rules)"
    )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the help of a rule, or the list of rules. Raises InputError if there is no such rule."""
    from koding_audit.cli.handlers import explain  # noqa: PLC0415 - `explain --help` does not need it

    return explain.run(namespace, terminal)
