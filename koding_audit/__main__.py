"""`python -m koding_audit`, and what the installed command runs."""

from __future__ import annotations

import gc
import os
import sys

from koding_audit.cli import main
from koding_audit.cli.exit_status import INCOMPLETE


def run() -> None:
    """Run, and leave at once: a thread that hangs in a call must not hold up the end of a run that is over.

    What gets past main is 2 too: a key pressed while modules load, or an error stream that takes nothing more.
    """
    status = INCOMPLETE
    # Nearly all that a run reads it keeps to its end: looking for garbage among it takes half the time of large files.
    gc.set_threshold(1_000_000, 50, 50)
    try:
        if sys.stderr is None:  # closed, as `2>&-` does: what there is to tell has nowhere to go
            sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the rest of the process
        done = main(sys.argv[1:])
        if sys.stdout is not None:
            sys.stdout.flush()  # what argparse printed, which os._exit would lose
        status = done
    finally:
        os._exit(status)


if __name__ == "__main__":
    run()
