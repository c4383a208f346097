"""The command `validate`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_file_arguments, add_quiet_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "check desired-state files, and the guards beside them, offline"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("validate koding-audit.yaml", "before a commit; no account is asked"),
    ("validate", "the file that a scan would take"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be typed after `koding-audit validate`."""
    add_file_arguments(parser)
    add_quiet_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Read them as a scan would, with the guards beside them. A guards.yaml may be named too. Raises InputError."""
    from koding_audit.cli.handlers import validate  # noqa: PLC0415 - `validate --help` is spared it

    return validate.run(namespace, terminal)
