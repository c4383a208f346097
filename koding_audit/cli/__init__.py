"""The command line: parses, runs one command, and turns the outcome into an exit status: 0, 1 or 2."""

from __future__ import annotations

import argparse
import os

from koding_audit.cli.exit_status import INCOMPLETE
from koding_audit.cli.parser import build_parser


def main(argv: list[str]) -> int:
    """Run one command and return its exit status.

    --help, --version and a wrong command line end here, before anything else is loaded.
    """
    try:
        parser = build_parser()
        _check_text(parser, argv)
        options = parser.parse_args(argv)
    except SystemExit as usage:  # argparse: 0 for --help and --version, 2 for a wrong command line
        return usage.code if isinstance(usage.code, int) else INCOMPLETE
    except KeyboardInterrupt:
        return INCOMPLETE
    from koding_audit.cli.dispatch import run_command  # noqa: PLC0415 - forty milliseconds that --help must not pay

    return run_command(options)


def _check_text(parser: argparse.ArgumentParser, argv: list[str]) -> None:
    """Refuse an argument that is not text: no process can be given it, and no file can have the name."""
    for each in argv:
        if not _is_text(each):
            parser.error(f"the argument {each} is not valid text")


def _is_text(argument: str) -> bool:
    """Whether each character stands for bytes; a lone surrogate does so only if it stands for an undecodable byte."""
    try:
        os.fsencode(argument)
    except UnicodeEncodeError:
        return False
    return True
