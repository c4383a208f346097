"""The command `doctor`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_answer_option, add_aws_options, add_file_arguments

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "find out why a scan fails: credentials, account, endpoint, clock, permissions"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("doctor koding-audit.yaml", "find out why a scan of it fails, and what to do"),
    ("doctor --profile audit --output json", "for a program; `policy` is the policy to attach"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit doctor`."""
    add_file_arguments(parser)
    add_aws_options(parser, timeout=60.0)
    add_answer_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: a scan can run; 1: a check failed; 2: something could not be checked."""
    from koding_audit.cli.handlers import doctor  # noqa: PLC0415 - `doctor --help` does not need it

    return doctor.run(namespace, terminal)
