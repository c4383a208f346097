"""Runs one command; the one place where every error is caught and becomes a line and a status."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import signal
from collections.abc import Mapping
from types import FrameType

from koding_audit.cli import INCOMPLETE
from koding_audit.cli.terminal import Terminal
from koding_audit.errors import AuditError
from koding_audit.text import masked

# Each command's room is loaded only when it runs.
_ROOMS: Mapping[str, str] = {
    "scan": "scanning",
    "plan": "fixing",
    "apply": "applying",
    "undo": "applying",
    "setup": "setting_up",
    "can": "asking",
    "stack": "building",
    "diff": "differing",
    "init": "starting",
    "snapshot": "saving",
    "schema": "saving",
    "merge": "merging",
    "render": "rendering",
    "history": "remembering",
    "notify": "notifying",
    "permissions": "permitting",
    "doctor": "doctoring",
    "validate": "validating",
    "explain": "explaining",
    "completion": "completing",
    "demo": "tour",
}


def run(options: argparse.Namespace) -> int:
    """The exit status of the command that the options name.

    Whatever was not foreseen is 2 as well: Python's own 1 would read as "findings".
    """
    terminal = Terminal(quiet=getattr(options, "quiet", False), verbose=getattr(options, "verbose", False))
    status = INCOMPLETE
    try:
        # A scheduler's SIGTERM ends a run as Ctrl-C does: in order, with the journal as it stands. So does a terminal
        # that is closed, unless somebody said `nohup`.
        signal.signal(signal.SIGTERM, _interrupt)
        if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
            signal.signal(signal.SIGHUP, _interrupt)
        room = importlib.import_module(f"koding_audit.cli.{_ROOMS[options.command]}")
        status = getattr(room, options.command)(options, terminal)
    except AuditError as error:
        terminal.problem(error)
    except KeyboardInterrupt:
        terminal.problem(AuditError("interrupted", "nothing more was done; what was written so far is in the journal"))
    except BrokenPipeError:
        pass  # whoever read the report has gone, and with it anybody to tell
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            _crashed(error, terminal)
        else:
            hint = "allow more, as `ulimit -n 256` does; what was written to IAM is in the journal"
            terminal.problem(AuditError("too many files are open", hint))
    except Exception as error:  # noqa: BLE001 - the one boundary: a crash must not exit as "findings"
        _crashed(error, terminal)
    return status


def _crashed(error: Exception, terminal: Terminal) -> None:
    terminal.trace(error)
    crash = f"unexpected {type(error).__name__}: {masked(str(error), _secrets(os.environ))}"
    terminal.problem(AuditError(crash, "this is a bug: please report it with the output of --verbose"))


def _secrets(environ: Mapping[str, str]) -> list[str]:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "KODING_AUDIT_NOTIFY_URL")
    return [environ.get(name, "") for name in names]


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
