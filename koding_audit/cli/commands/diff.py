"""The command `diff`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_answer_option, add_aws_options

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "compare two policy documents by meaning: actions gained and lost"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("diff old.json new.json", "list the actions gained and lost"),
    (
        "diff arn:aws:iam::aws:policy/ReadOnlyAccess@v100 arn:aws:iam::aws:policy/ReadOnlyAccess",
        "compare with an older version",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit diff`."""
    add_aws_options(parser)
    forms = "a file; ARN or ARN@VERSION, read from the account; snapshot:FILE#NAME"
    parser.add_argument("old", metavar="OLD", help=f"the old document: {forms}")
    parser.add_argument("new", metavar="NEW", help="the new document, in one of the same forms")
    group = parser.add_argument_group("the answer")
    add_answer_option(group)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: no difference in meaning; 1: there is one; 2: undecided."""
    from koding_audit.cli.handlers import diff  # noqa: PLC0415 - `diff --help` does not need it

    return diff.run(namespace, terminal)
