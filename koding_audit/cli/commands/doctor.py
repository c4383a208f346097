"""The command `doctor`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_answer_option, add_aws_options, add_file_arguments

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "why a scan fails: credentials, account, endpoint, clock, which reads are permitted"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("doctor koding-audit.yaml", "why does a scan of it fail, and what next?"),
    ("doctor --profile audit --output json", "for a program; `policy` in it is the policy to attach"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit doctor`."""
    add_file_arguments(parser)
    add_aws_options(parser, timeout=60.0)
    add_answer_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Status 0: a scan can do its work; 1: something is in its way; 2: something could not be looked at."""
    from koding_audit.cli.handlers import doctor  # noqa: PLC0415 - `doctor --help` is spared it

    return doctor.run(namespace, terminal)
