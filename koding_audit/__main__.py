"""`python -m koding_audit`, and what the installed command runs."""

from __future__ import annotations

import gc
import os
import sys

from koding_audit.cli import main
from koding_audit.cli.exit_status import INCOMPLETE


def run() -> None:
    """Runs the command line and exits at once: a thread that hangs in a call must not delay the end of a finished run.

    Errors outside main give status 2 too: Ctrl-C while modules load, or an error stream that cannot be written.
    """
    status = INCOMPLETE
    # A run keeps nearly all objects until it ends: garbage collection would take half of the time for large files.
    gc.set_threshold(1_000_000, 50, 50)
    try:
        if sys.stderr is None:  # closed, as by `2>&-`: errors cannot be shown
            sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the rest of the process
        done = main(sys.argv[1:])
        if sys.stdout is not None:
            sys.stdout.flush()  # what argparse printed, which os._exit would lose
        status = done
    finally:
        os._exit(status)


if __name__ == "__main__":
    run()
