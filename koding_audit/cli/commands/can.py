"""The command `can`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_answer_option, add_aws_options, add_organization_options, add_source_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "is an action allowed, and which statements decide"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("can user/ada ec2:RunInstances", "may she, and by which statement?"),
    ("can role/deploy 's3:Get*' 'arn:aws:s3:::logs/*'", "all that the wildcard stands for"),
    ("can user/ada ec2:RunInstances --context aws:RequestedRegion=eu-west-1", "with what a request carries"),
    ("can --who iam:CreateUser", "everybody in the account who may"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit can`."""
    add_source_option(parser)
    add_aws_options(parser)
    parser.add_argument(
        "principal", nargs="?", default="", metavar="PRINCIPAL", help="user/NAME, group/NAME, role/NAME, or an ARN"
    )
    parser.add_argument("action", nargs="?", default="", metavar="ACTION", help="ec2:RunInstances; may have wildcards")
    parser.add_argument("resource", nargs="?", default="*", metavar="RESOURCE", help="an ARN (default: any, `*`)")
    group = parser.add_argument_group("the question")
    group.add_argument(
        "--context", action="append", default=[], metavar="KEY=VALUE", help="what the request carries; repeatable"
    )
    add_organization_options(group)
    add_answer_option(group)
    _add_other_questions(group)


def _add_other_questions(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--who",
        action="store_true",
        help="instead: who can? `can --who ACTION [RESOURCE]`; status 0 when somebody can, 1 when nobody can",
    )
    group.add_argument(
        "--simulate", action="store_true", help="also ask AWS's own simulator; a disagreement is shown, and is status 2"
    )
    group.add_argument(
        "--cases",
        default="",
        metavar="FILE",
        help="instead: a request with its policies a line, as JSON; status 0 when each is decided as expected",
    )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: allowed, or every case as expected; 1: not; 2: it is not known."""
    from koding_audit.cli.handlers import can  # noqa: PLC0415 - `can --help` is spared it

    return can.run(namespace, terminal)
