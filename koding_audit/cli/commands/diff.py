"""The command `diff`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_answer_option, add_aws_options

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "which actions a policy document gained and lost, by meaning"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("diff old.json new.json", "which actions it gained and lost"),
    ("diff arn:aws:iam::aws:policy/ReadOnlyAccess@v100 arn:aws:iam::aws:policy/ReadOnlyAccess", "since a version"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit diff`."""
    add_aws_options(parser)
    forms = "a file; ARN or ARN@VERSION, read from the account; snapshot:FILE#NAME"
    parser.add_argument("old", metavar="OLD", help=f"the document before: {forms}")
    parser.add_argument("new", metavar="NEW", help="the document after, said in the same ways")
    group = parser.add_argument_group("the answer")
    add_answer_option(group)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: no difference in meaning; 1: there is one; 2: it is not decided."""
    from koding_audit.cli.handlers import diff  # noqa: PLC0415 - `diff --help` is spared it

    return diff.run(namespace, terminal)
