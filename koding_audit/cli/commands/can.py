"""The command `can`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_answer_option, add_aws_options, add_policy_options, add_source_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "check whether an action is allowed, and why"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("can user/ada ec2:RunInstances", "check whether she may, and which statement decides"),
    ("can role/deploy 's3:Get*' 'arn:aws:s3:::logs/*'", "check each action that the wildcard matches"),
    ("can user/ada ec2:RunInstances --context aws:RequestedRegion=eu-west-1", "with a condition key of the request"),
    ("can user/ada --action ec2:RunInstances --action iam:PassRole", "check several actions"),
    ("can --who iam:CreateUser", "list the principals that can"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit can`."""
    add_source_option(parser)
    add_aws_options(parser)
    parser.add_argument(
        "principal", nargs="?", metavar="PRINCIPAL", help="user/NAME, group/NAME, role/NAME, an ARN, or me"
    )
    parser.add_argument(
        "action", nargs="?", metavar="ACTION", help="an action, such as ec2:RunInstances; may have wildcards"
    )
    parser.add_argument(
        "resource", nargs="?", metavar="RESOURCE", help="an ARN, which may have wildcards (default: any, `*`)"
    )
    group = parser.add_argument_group("the question")
    _add_action_option(group)
    group.add_argument(
        "--context", action="append", default=[], metavar="KEY=VALUE", help="a condition key of the request; repeatable"
    )
    add_policy_options(group)
    add_answer_option(group)
    _add_other_questions(group)


def _add_action_option(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--action",
        action="append",
        default=[],
        dest="actions",
        metavar="ACTION",
        help="one of several actions: `can PRINCIPAL [RESOURCE] --action A --action B`; repeatable",
    )


def _add_other_questions(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--who",
        action="store_true",
        help="list the principals that can: `can --who ACTION [RESOURCE]`; status 0 if there are any, else 1",
    )
    group.add_argument("--simulate", action="store_true", help="also ask AWS's own simulator; status 2 if it disagrees")
    group.add_argument(
        "--cases",
        default="",
        metavar="FILE",
        help="decide requests from a file of JSON lines, each with its policies; status 0 if all are as expected",
    )


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: allowed, or every case as expected; 1: not; 2: unknown."""
    from koding_audit.cli.handlers import can  # noqa: PLC0415 - `can --help` does not need it

    return can.run(namespace, terminal)
