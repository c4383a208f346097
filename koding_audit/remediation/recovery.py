"""A run that ended before its end: found by what it left in the lock, and told from its journal."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from koding_audit.io import lock
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.account import Account
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Journal

_MAX_LISTED = 10  # writes whose end is not known, one a line
_MAX_SHOWN = 200  # characters of what is no note of ours


def lock_path(account: Account, journal_path: str) -> str:
    """In the state folder, which all runs of a user share; beside the journal where that cannot be written."""
    beside = lock.lock_path_beside(journal_path)
    with contextlib.suppress(InputError, OSError):
        folder = lock.default_journal_folder(os.environ, account)
        lock.create_private_folder(folder)
        return str(folder / "lock") if os.access(folder, os.W_OK) else beside
    return beside


def print_unfinished_run(account: Account, journal_path: str, terminal: Terminal) -> None:
    """Say what is known of a run that ended before its end, if there is one; journal_path: `--journal`, or ""."""
    for path in _lock_paths(account, journal_path):
        print_lock_note(lock.read_leftover_note(path), path, account, terminal)


def clear_stale_lock(account: Account, journal_path: str, now: datetime) -> None:
    """Empty the lock that an earlier run did not, where this run has told of it and has nothing to write."""
    for path in _lock_paths(account, journal_path):
        if lock.read_leftover_note(path):
            with contextlib.suppress(AuditError), lock.lock_account(path, now, journal_path):
                pass


def print_lock_note(left: str, path: str, account: Account, terminal: Terminal) -> None:
    """Say what is known from what stood in the lock at that path, once in a run."""
    if left:
        terminal.say_once("\n".join(_unfinished_lines(left, path, account)))


def _lock_paths(account: Account, journal_path: str) -> Iterator[str]:
    with contextlib.suppress(InputError):
        yield str(lock.default_journal_folder(os.environ, account) / "lock")
    if journal_path:
        yield lock.lock_path_beside(journal_path)


def _unfinished_lines(left: str, path: str, account: Account) -> Iterator[str]:
    note = lock.parse_lock_note(left)
    if note is None:
        yield (
            f"The lock {escape(path)} holds what no run of this tool leaves there: {escape(left)[:_MAX_SHOWN]}."
            " Whether a run ended before its end is not known."
        )
        return
    from koding_audit.remediation import journal  # noqa: PLC0415 - most scans find no such note, and have no journal to read

    run = f"The run of {note.since} (process {note.process}) ended before its end"
    if not Path(note.journal).exists():
        yield (
            f"{run}: it wrote nothing, or its journal was moved: {escape(note.journal)} is not there, and no write is"
            " made before it is."
        )
        return
    try:
        past, torn = journal.read_journal(note.journal)
    except InputError as error:
        line = f", line {error.location.line}" if error.location else ""
        yield f"{run}: what it wrote is not known, for its journal cannot be used: {escape(error.message)}{line}."
        return
    yield from _journal_lines(run, past, account)
    if torn is not None:
        yield "  The journal's last line is torn: it was the last thing that the run did."


def _journal_lines(run: str, past: Journal, account: Account) -> Iterator[str]:
    done = sum(entry.outcome == "done" for entry in past.entries)
    asked = [_call_text(entry.action) for entry in past.entries if entry.outcome in ("started", "pending", "unknown")]
    of = f" of account {past.account.id}" if past.account.id != account.id else ""
    back = f"; `koding-audit undo {escape(shlex.quote(past.path))}` takes it back" if done or asked else ""
    counts = f"{pluralize(done, 'change')} done, {len(asked)} not known"
    yield f"{run}: {counts}; its journal{of} is {escape(past.path)}{back}."
    yield from (f"  not known: {each}" for each in asked[:_MAX_LISTED])
    if len(asked) > _MAX_LISTED:
        yield f"  and {len(asked) - _MAX_LISTED} more"


def _call_text(action: Action) -> str:
    """`AttachGroupPolicy GroupName=Developers PolicyArn=arn:...`, inert."""
    given = [f"{name}={value}" for name, value in action.parameters.items() if name not in ("PolicyDocument", "Tags")]
    return escape(" ".join([action.verb.value, *given]))
