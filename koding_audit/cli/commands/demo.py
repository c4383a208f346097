"""The command `demo`: its summary, examples, arguments and entry point."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "take a tour on an embedded account; needs no AWS credentials"
EXAMPLES: Sequence[tuple[str, str]] = (("demo", "audit, fix, audit again; nothing is sent"),)


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: it has no arguments."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Audit, fix, and audit again. Status 0 if each step had the expected status."""
    from koding_audit.cli.handlers import demo  # noqa: PLC0415 - `demo --help` does not need it

    return demo.run(namespace, terminal)
