"""The command line: parses, runs one command, and turns the outcome into an exit status: 0, 1 or 2."""

from __future__ import annotations

from koding_audit.cli.exit_status import INCOMPLETE
from koding_audit.cli.parser import build_parser


def main(argv: list[str]) -> int:
    """Run one command and return its exit status.

    --help, --version and a wrong command line end here, before anything else is loaded.
    """
    try:
        options = build_parser().parse_args(argv)
    except SystemExit as usage:  # argparse: 0 for --help and --version, 2 for a wrong command line
        return usage.code if isinstance(usage.code, int) else INCOMPLETE
    except KeyboardInterrupt:
        return INCOMPLETE
    from koding_audit.cli.dispatch import run_command  # noqa: PLC0415 - forty milliseconds that --help must not pay

    return run_command(options)
