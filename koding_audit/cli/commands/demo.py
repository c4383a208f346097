"""The command `demo`: what it is for, and what may be typed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from koding_audit.io.terminal import Terminal

SUMMARY = "the whole tour on an embedded account; needs no AWS credentials"
EXAMPLES: Sequence[tuple[str, str]] = (("demo", "audit, fix, audit again; nothing leaves the machine"),)


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Audit, fix, and audit again. Status 0 when every step went as it should."""
    from koding_audit.cli.handlers import demo  # noqa: PLC0415 - `demo --help` is spared it

    return demo.run(namespace, terminal)
