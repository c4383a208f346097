"""The command `why`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_answer_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "read the denials in an error message, a log or CloudTrail events, offline"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("why build.log", "list each denied action of a log, with the type of policy that denies it"),
    ("why build.log --output json", "the same, for a program"),
    ("why --cases texts.jsonl", "read texts from JSON lines"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit why`."""
    parser.add_argument(
        "text",
        nargs="?",
        metavar="TEXT",
        help="a file that exists, - for standard input, or else the text itself",
    )
    group = parser.add_argument_group("the answer")
    add_answer_option(group)
    group.add_argument(
        "--cases",
        default="",
        metavar="FILE",
        help="read texts from a file of JSON lines, each with `id` and `input`; print a JSON line for each",
    )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 1: each denial names the policy type that denies; 2: one does not, or there is no denial."""
    from koding_audit.cli.handlers import why  # noqa: PLC0415 - `why --help` does not need it

    return why.run(namespace, terminal)
