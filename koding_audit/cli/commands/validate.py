"""The command `validate`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.cli.options import add_file_arguments, add_quiet_option

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "check desired-state files, and the guards beside them, offline"
EXAMPLES: Sequence[tuple[str, str]] = (
    ("validate koding-audit.yaml", "check it before a commit; AWS is not called"),
    ("validate", "check the file that a scan would use"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `koding-audit validate`."""
    add_file_arguments(parser)
    add_quiet_option(parser)


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Read files as a scan does, with the guards beside them. A guards.yaml may be named too. Raises InputError."""
    from koding_audit.cli.handlers import validate  # noqa: PLC0415 - `validate --help` does not need it

    return validate.run(namespace, terminal)
