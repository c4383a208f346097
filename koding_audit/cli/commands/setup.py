"""The command `setup`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_file_arguments, add_with_option, add_write_options

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "the whole guide on an empty account: groups, users, policies, a key"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("setup koding-audit.yaml --dry-run", "what would be made?"),
    ("setup koding-audit.yaml --save-key profile:koding", "all of it, and a key in ~/.aws/credentials"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit setup`."""
    add_file_arguments(parser)
    add_aws_options(parser)
    group = parser.add_argument_group("what to set up")
    add_with_option(group)
    group.add_argument(
        "--save-key",
        default="",
        metavar="profile:NAME",
        help="make an access key for the user, kept as a new profile of ~/.aws/credentials; it is never shown",
    )
    group.add_argument("--user", default="", metavar="NAME", help="whose key, where the file declares several users")
    group.add_argument(
        "--output", action="append", default=[], metavar="FORMAT[:PATH]", help="as of `scan`: the scan at the end"
    )
    add_write_options(parser.add_argument_group("writing"))


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Create, attach and add whatever is missing, make the key, and scan with it. Status 0 where all of it is done."""
    from koding_audit.cli.handlers import setup  # noqa: PLC0415 - `setup --help` is spared it

    return setup.run(namespace, terminal)
