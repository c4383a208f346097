"""A run that ended before its end: found by what it left in the lock, and told from its journal."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from koding_audit import lock
from koding_audit.cli.terminal import Terminal
from koding_audit.errors import AuditError, InputError
from koding_audit.model import Account, Action, Journal
from koding_audit.text import inert
from koding_audit.words import counted

_LISTED = 10  # writes whose end is not known, one a line
_SHOWN = 200  # characters of what is no note of ours


def lock_path(account: Account, journal_path: str) -> str:
    """In the state folder, which all runs of a user share; beside the journal where that cannot be written."""
    beside = lock.path_beside(journal_path)
    with contextlib.suppress(InputError, OSError):
        folder = lock.default_folder(os.environ, account)
        lock.make_folder(folder)
        return str(folder / "lock") if os.access(folder, os.W_OK) else beside
    return beside


def tell(account: Account, journal_path: str, terminal: Terminal) -> None:
    """Say what is known of a run that ended before its end, if there is one; journal_path: `--journal`, or ""."""
    for path in _places(account, journal_path):
        tell_left(lock.left_in(path), path, account, terminal)


def settle(account: Account, journal_path: str, now: datetime) -> None:
    """Empty the lock that an earlier run did not, where this run has told of it and has nothing to write."""
    for path in _places(account, journal_path):
        if lock.left_in(path):
            with contextlib.suppress(AuditError), lock.held(path, now, journal_path):
                pass


def tell_left(left: str, path: str, account: Account, terminal: Terminal) -> None:
    """Say what is known from what stood in the lock at that path, once in a run."""
    if left:
        terminal.say_once("\n".join(_known(left, path, account)))


def _places(account: Account, journal_path: str) -> Iterator[str]:
    with contextlib.suppress(InputError):
        yield str(lock.default_folder(os.environ, account) / "lock")
    if journal_path:
        yield lock.path_beside(journal_path)


def _known(left: str, path: str, account: Account) -> Iterator[str]:
    note = lock.noted(left)
    if note is None:
        yield (
            f"The lock {inert(path)} holds what no run of this tool leaves there: {inert(left)[:_SHOWN]}."
            " Whether a run ended before its end is not known."
        )
        return
    from koding_audit import journal  # noqa: PLC0415 - most scans find no such note, and have no journal to read

    run = f"The run of {note.since} (process {note.process}) ended before its end"
    if not Path(note.journal).exists():
        yield (
            f"{run}: it wrote nothing, or its journal was moved: {inert(note.journal)} is not there, and no write is"
            " made before it is."
        )
        return
    try:
        past, torn = journal.read(note.journal)
    except InputError as error:
        line = f", line {error.location.line}" if error.location else ""
        yield f"{run}: what it wrote is not known, for its journal cannot be used: {inert(error.message)}{line}."
        return
    yield from _told(run, past, account)
    if torn is not None:
        yield "  The journal's last line is torn: it was the last thing that the run did."


def _told(run: str, past: Journal, account: Account) -> Iterator[str]:
    done = sum(entry.outcome == "done" for entry in past.entries)
    asked = [_asked(entry.action) for entry in past.entries if entry.outcome in ("started", "pending", "unknown")]
    of = f" of account {past.account.id}" if past.account.id != account.id else ""
    back = f"; `koding-audit undo {inert(shlex.quote(past.path))}` takes it back" if done or asked else ""
    counts = f"{counted(done, 'change')} done, {len(asked)} not known"
    yield f"{run}: {counts}; its journal{of} is {inert(past.path)}{back}."
    yield from (f"  not known: {each}" for each in asked[:_LISTED])
    if len(asked) > _LISTED:
        yield f"  and {len(asked) - _LISTED} more"


def _asked(action: Action) -> str:
    """`AttachGroupPolicy GroupName=Developers PolicyArn=arn:...`, inert."""
    given = [f"{name}={value}" for name, value in action.parameters.items() if name not in ("PolicyDocument", "Tags")]
    return inert(" ".join([action.verb.value, *given]))
