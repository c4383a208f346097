"""Runs one command, and turns each error into a line on standard error and an exit status."""

from __future__ import annotations

import argparse
import errno
import os
import signal
from collections.abc import Mapping
from types import FrameType

from koding_audit import plugins
from koding_audit.cli.exit_status import INCOMPLETE
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import mask_secrets
from koding_audit.model.errors import AuditError


def run_command(options: argparse.Namespace) -> int:
    """The exit status of the command that the options name.

    An unexpected error gives 2 too: Python's own 1 would read as "findings".
    """
    terminal = Terminal(quiet=options.quiet, verbose=options.verbose)
    status = INCOMPLETE
    try:
        _take_signals_as_interrupts()
        status = plugins.load_plugin("cli.commands", options.command).run(options, terminal)
    except AuditError as error:
        terminal.print_problem(error)
    except KeyboardInterrupt:
        terminal.print_problem(AuditError("interrupted", "see the journal for what was written; nothing more was done"))
    except BrokenPipeError:
        pass  # the reader of the report has closed the pipe: there is no one to report to
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            _report_crash(error, terminal)
        else:
            hint = "allow more, for example by `ulimit -n 256`; see the journal for what was written to IAM"
            terminal.print_problem(AuditError("too many files are open", hint))
    except Exception as error:  # noqa: BLE001 - the one boundary: a crash must not exit as "findings"
        _report_crash(error, terminal)
    return status


def _take_signals_as_interrupts() -> None:
    """Make SIGTERM, which a scheduler sends, end a run as Ctrl-C does, with its journal complete up to that point.

    A closed terminal (SIGHUP) does the same, unless `nohup` was used.
    """
    signal.signal(signal.SIGTERM, _raise_interrupt)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _raise_interrupt)


def _report_crash(error: Exception, terminal: Terminal) -> None:
    terminal.print_traceback(error)
    crash = f"unexpected {type(error).__name__}: {mask_secrets(str(error), _secret_values(os.environ))}"
    terminal.print_problem(AuditError(crash, "this is a bug: report it with the output of --verbose"))


def _secret_values(environ: Mapping[str, str]) -> list[str]:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "KODING_AUDIT_NOTIFY_URL")
    return [environ.get(name, "") for name in names]


def _raise_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
