"""Reports an interrupted run: the lock has its note, and its journal has its writes."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from koding_audit.io import lock
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape, pluralize
from koding_audit.model.account import Account
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Journal
from koding_audit.model.verb import Verb

_MAX_LISTED = 10  # writes with an unknown outcome, one per line
_MAYBE_DONE = frozenset({"done", "started", "pending", "unknown"})
_MAX_SHOWN = 200  # characters of a text that is not a note of this tool


def lock_path(account: Account, journal_path: str) -> str:
    """The lock in the state folder, which all runs of a user share; beside the journal if that is not writable."""
    beside = lock.lock_path_beside(journal_path)
    with contextlib.suppress(InputError, OSError):
        folder = lock.default_journal_folder(os.environ, account)
        lock.create_private_folder(folder)
        return str(folder / "lock") if os.access(folder, os.W_OK) else beside
    return beside


def print_unfinished_run(account: Account, journal_path: str, terminal: Terminal) -> None:
    """Print what is known about an interrupted run, if there is one; journal_path: `--journal`, or ""."""
    for path in _lock_paths(account, journal_path):
        print_lock_note(lock.read_leftover_note(path), path, account, terminal)


def find_unfinished_key(account: Account, journal_path: str, user: str) -> float | None:
    """When an interrupted run may have created an access key for a user, in seconds since 1970; None if none may have.

    Its journal then has a CreateAccessKey that was started, and no result of it. Beside the journal that the lock
    names, the journals of the last two minutes are read: a run that wrote since has emptied the lock, and IAM may show
    the key only later.
    """
    from koding_audit.remediation import journal  # noqa: PLC0415 - as in _unfinished_lines

    for path in (*_noted_journals(account, journal_path), *_recent_journals(account)):
        with contextlib.suppress(InputError, OSError):
            past, _ = journal.read_journal(path)
            if user in users_of_unfinished_keys(past):
                return Path(past.path).stat().st_mtime
    return None


def _noted_journals(account: Account, journal_path: str) -> Iterator[str]:
    for path in _lock_paths(account, journal_path):
        note = lock.parse_lock_note(lock.read_leftover_note(path))
        if note:
            yield note.journal


def _recent_journals(account: Account) -> Sequence[str]:
    """The journals in the state folder that were written while IAM may not show yet what they have, newest first."""
    from koding_audit.remediation.executor import PROPAGATION_SECONDS  # noqa: PLC0415 - as in _unfinished_lines

    since = datetime.now(timezone.utc).timestamp() - PROPAGATION_SECONDS
    with contextlib.suppress(InputError, OSError):
        found = [
            (entry.stat().st_mtime, entry.path)
            for entry in os.scandir(lock.default_journal_folder(os.environ, account))
            if entry.name.endswith(".jsonl")
        ]
        return [path for written, path in sorted(found, reverse=True) if written >= since]
    return ()


def users_of_unfinished_keys(past: Journal) -> tuple[str, ...]:
    """The users for whom a run may have created an access key whose secret is lost: its outcome is not known."""
    return tuple(
        entry.action.parameters["UserName"]
        for entry in past.entries
        if entry.action.verb is Verb.CREATE_ACCESS_KEY and entry.outcome in ("started", "unknown")
    )


def clear_stale_lock(account: Account, journal_path: str, now: datetime) -> None:
    """Empty the lock of an interrupted run, after this run has reported it and has nothing to write."""
    for path in _lock_paths(account, journal_path):
        if lock.read_leftover_note(path):
            with contextlib.suppress(AuditError), lock.lock_account(path, now, journal_path):
                pass


def print_lock_note(left: str, path: str, account: Account, terminal: Terminal) -> None:
    """Print what is known about the run that left this note in the lock, once per run."""
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
            f"The lock {escape(path)} has a note that this tool did not write: {escape(left)[:_MAX_SHOWN]}."
            " It is unknown whether a run was interrupted."
        )
        return
    from koding_audit.remediation import journal  # noqa: PLC0415 - most scans find no note, and read no journal

    run = f"The run of {note.since} (process {note.process}) was interrupted"
    if not Path(note.journal).exists():
        yield (
            f"{run}: it wrote nothing, or its journal was moved: {escape(note.journal)} does not exist, and a run"
            " creates it before its first write."
        )
        return
    try:
        past, torn = journal.read_journal(note.journal)
    except InputError as error:
        line = f", line {error.location.line}" if error.location else ""
        yield f"{run}: its writes are unknown, because its journal cannot be used: {escape(error.message)}{line}."
        return
    yield from _journal_lines(run, past, account)
    if torn is not None:
        yield "  The last line of the journal is incomplete: the run was interrupted while it wrote this line."


def _journal_lines(run: str, past: Journal, account: Account) -> Iterator[str]:
    done = sum(entry.outcome == "done" for entry in past.entries)
    unknown = [_call_text(entry.action) for entry in past.entries if entry.outcome in ("started", "pending", "unknown")]
    of = f" of account {past.account.id}" if past.account.id != account.id else ""
    undo = ""
    if any(entry.outcome in _MAYBE_DONE and entry.action.spec.inverse for entry in past.entries):
        undo = f"; run `koding-audit undo {escape(shlex.quote(past.path))}` to undo its changes"
    counts = f"{pluralize(done, 'change')} done, {len(unknown)} unknown"
    yield f"{run}: {counts}; its journal{of} is {escape(past.path)}{undo}."
    yield from (f"  unknown: {each}" for each in unknown[:_MAX_LISTED])
    if len(unknown) > _MAX_LISTED:
        yield f"  and {len(unknown) - _MAX_LISTED} more"
    users = users_of_unfinished_keys(past)
    if not users:
        return
    from koding_audit.remediation.access_key import key_deletion_text  # noqa: PLC0415 - as in _unfinished_lines

    for user in users:
        yield escape(f"  If user {user} has that key, its secret is lost; delete it: {key_deletion_text(user)}.")


def _call_text(action: Action) -> str:
    """`AttachGroupPolicy GroupName=Developers PolicyArn=arn:...`, escaped."""
    parameters = [
        f"{name}={value}" for name, value in action.parameters.items() if name not in ("PolicyDocument", "Tags")
    ]
    return escape(" ".join([action.verb.value, *parameters]))
