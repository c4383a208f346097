"""The command line: parses, runs one command, and turns whatever happened into an exit status: 0, 1 or 2."""

from __future__ import annotations

import importlib
import signal
import sys
import traceback
from types import FrameType

from koding_audit.cli.arguments import parser
from koding_audit.cli.terminal import Terminal, problem_of
from koding_audit.errors import AuditError
from koding_audit.model import Problem

INCOMPLETE = 2

# Each command's room is loaded only when it runs: --help and schema pay for none of them.
_ROOMS = {
    "scan": "scanning",
    "plan": "scanning",
    "apply": "applying",
    "undo": "applying",
    "snapshot": "saving",
    "schema": "saving",
    "demo": "tour",
}


def main(argv: list[str]) -> int:
    """Run one command and give its exit status. The one place where every error is caught.

    Whatever was not foreseen is 2 as well: Python's own 1 would read as "findings".
    """
    terminal = Terminal()
    try:
        options = parser().parse_args(argv)
        terminal = Terminal(getattr(options, "quiet", False), getattr(options, "verbose", False))
        # A scheduler's SIGTERM ends a run as Ctrl-C does: in order, with the journal as it stands.
        signal.signal(signal.SIGTERM, _interrupt)
        room = importlib.import_module(f"koding_audit.cli.{_ROOMS[options.command]}")
        status: int = getattr(room, options.command)(options, terminal)
    except SystemExit as usage:  # argparse: 0 for --help and --version, 2 for a wrong command line
        status = usage.code if isinstance(usage.code, int) else INCOMPLETE
    except AuditError as error:
        terminal.problem(problem_of(error))
        status = INCOMPLETE
    except KeyboardInterrupt:
        terminal.problem(Problem("interrupted", "nothing more was done; what was written so far is in the journal"))
        status = INCOMPLETE
    except BrokenPipeError:
        status = INCOMPLETE  # whoever read the report has gone, and with it anybody to tell
    except Exception as error:  # noqa: BLE001 - the one boundary: a crash must not exit as "findings"
        if terminal.verbose:
            traceback.print_exc(file=sys.stderr)
        crash = f"unexpected {type(error).__name__}: {error}"
        terminal.problem(Problem(crash, "this is a bug: please report it with the output of --verbose"))
        status = INCOMPLETE
    return status


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
