"""`python -m koding_audit`, and what the installed command runs."""

from __future__ import annotations

import os
import sys

from koding_audit.cli import INCOMPLETE, main


def run() -> None:
    """Run, and leave at once: a thread that hangs in a call must not hold up the end of a run that is over."""
    status = main(sys.argv[1:])
    try:
        sys.stdout.flush()  # what argparse printed, which os._exit would lose
    except OSError:
        status = INCOMPLETE
    os._exit(status)


if __name__ == "__main__":
    run()
