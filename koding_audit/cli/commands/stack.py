"""The command `stack`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import (
    add_answer_option,
    add_aws_options,
    add_file_arguments,
    add_organization_options,
    add_principal_option,
    add_source_option,
)

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "what a stack script needs, and may it be built"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("stack web.yml koding-audit.yaml", "may its user build it, and which set is missing?"),
    ("stack web.yml --principal role/deploy --policy", "a policy for just this stack"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit stack`."""
    add_source_option(parser)
    add_aws_options(parser)
    parser.add_argument(
        "script",
        metavar="SCRIPT",
        help="a stack script, or a folder of them: Terraform in YAML, JSON or HCL, or `terraform show -json` of a plan",
    )
    add_file_arguments(parser)
    group = parser.add_argument_group("the question")
    add_principal_option(group)
    add_organization_options(group)
    add_answer_option(group)
    group.add_argument(
        "--policy", action="store_true", help="print a policy for just this stack, as JSON; the answer goes to stderr"
    )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: it can be built; 1: it cannot; 2: it is not known."""
    from koding_audit.cli.handlers import stack  # noqa: PLC0415 - `stack --help` is spared it

    return stack.run(namespace, terminal)
