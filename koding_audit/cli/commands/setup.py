"""The command `setup`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_aws_options, add_file_arguments, add_with_option, add_write_options

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "set up an empty account: groups, users, policies, an access key"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("setup koding-audit.yaml --dry-run", "show what would be created"),
    ("setup koding-audit.yaml --save-key profile:koding", "create all of it, and save a key in ~/.aws/credentials"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit setup`."""
    add_file_arguments(parser)
    add_aws_options(parser)
    group = parser.add_argument_group("what to set up")
    add_with_option(group)
    group.add_argument(
        "--save-key",
        default="",
        metavar="profile:NAME",
        help="create an access key for the user, saved as a new profile of ~/.aws/credentials, never shown",
    )
    group.add_argument(
        "--user", default="", metavar="NAME", help="the user of the key, if the file declares several users"
    )
    more = "create an access key also for a user that has one, which the profile does not have"
    group.add_argument("--second-key", action="store_true", help=more)
    group.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="FORMAT[:PATH]",
        help="the report of the scan at the end, as for `scan`",
    )
    add_write_options(parser.add_argument_group("writing"))


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Create, attach and add what is missing, create the key, and scan with it. Status 0 if all is done."""
    from koding_audit.cli.handlers import setup  # noqa: PLC0415 - `setup --help` does not need it

    return setup.run(namespace, terminal)
