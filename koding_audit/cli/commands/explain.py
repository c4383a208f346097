"""The command `explain`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "what a rule looks at, why, how to fix it by hand, and an example"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("explain", "every rule, a line each"),
    ("explain policy-missing", "what it is about, and how to fix it by hand"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit explain`."""
    parser.add_argument(
        "rule", nargs="?", default="", metavar="RULE", help="a rule, or the id of a finding (default: list the rules)"
    )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print it. The id of a finding is taken for its rule. Raises InputError: there is no such rule."""
    from koding_audit.cli.handlers import explain  # noqa: PLC0415 - `explain --help` is spared it

    return explain.run(namespace, terminal)
