"""Allows one writer at a time for an account on one machine: a lock file that names the process and its journal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from koding_audit.io.text import escape
from koding_audit.model.account import Account
from koding_audit.model.errors import AuditError, InputError, RefusedError

_NOTHING = "nothing was written to IAM"
_MAX_NOTE_BYTES = 4300  # bytes to read of another run's note: the longest path and the text before it
_MAX_NOTE_SHOWN = 500  # characters of a note in a message
_NOTE = re.compile(
    r"process ([0-9]{1,10}) since ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z), journal (.+)\n", re.DOTALL
)
_TRIES = 5  # read_leftover_note of another run takes the lock for a moment
_INSTANT = 0.02  # seconds between tries


class LockNote(NamedTuple):
    """The note of a run in its lock file.

    process: the process id.
    since: when the run started, `2026-11-23T20:00:00Z`.
    journal: the path of its journal.
    """

    process: str
    since: str
    journal: str


@contextlib.contextmanager
def lock_account(path: str, now: datetime, journal: str) -> Iterator[str]:
    """Lock the account while the block runs; yield the note of a run that did not end regularly, or "".

    A run empties the file at its end, also after an error or Ctrl-C. If it dies or crashes, the kernel releases the
    lock, and the note stays. Raises RefusedError if another run has the lock, AuditError if the lock cannot be made.
    """
    descriptor = _open_lock(path)
    try:
        _acquire_lock(descriptor, path)
        left = _read_note(descriptor)
        _write_note(
            descriptor,
            path,
            f"process {os.getpid()} since {now:%Y-%m-%dT%H:%M:%SZ}, journal {Path(journal).absolute()}",
        )
        with _empty_after_block(descriptor):
            yield left
    finally:
        os.close(descriptor)


def read_leftover_note(path: str) -> str:
    """Return the note of a run that did not end regularly; "" if there is none, or if a run is writing now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return _read_note(descriptor)
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def parse_lock_note(text: str) -> LockNote | None:
    """Parse the note of a run; None if the text is not a note."""
    found = _NOTE.fullmatch(text)
    return LockNote(*found.groups()) if found else None


def default_journal_folder(environ: Mapping[str, str], account: Account) -> Path:
    """The folder of the lock and the journals of an account. Raises InputError if there is no home."""
    state = environ.get("XDG_STATE_HOME") or ""
    if not Path(state).is_absolute():
        home = environ.get("HOME") or ""
        if not Path(home).is_absolute():
            raise InputError("HOME is not set, so there is no folder for a journal", "set HOME, or use --journal FILE")
        state = str(Path(home) / ".local" / "state")
    return Path(state) / "koding-audit" / account.id


def lock_path_beside(journal: str) -> str:
    """The path of an account's lock: in the folder of its journals."""
    return str(Path(journal).parent / "lock")


def create_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents for their owner alone; mkdir(parents=True) would use default modes."""
    if not folder.exists():
        create_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _open_lock(path: str) -> int:
    """Open the lock file, or create it. A file with a second name is refused: the lock is emptied later."""
    try:
        create_private_folder(Path(path).parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        hint = f"{_NOTHING}; use --journal FILE in a writable folder: the lock is in the folder of the journal"
        raise AuditError(f"the lock {path} cannot be created: {error.strerror}", hint) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise AuditError(f"the lock {path} cannot be created: its path is not a regular file with one name", _NOTHING)
    return descriptor


def _acquire_lock(descriptor: int, path: str) -> None:
    for _ in range(_TRIES):
        if _try_lock(descriptor, path):
            return
        threading.Event().wait(_INSTANT)
    holder = escape(_read_note(descriptor).strip())[:_MAX_NOTE_SHOWN] or "another run"
    hint = f"wait until it ends; the lock is {path}"
    raise RefusedError(f"another run is writing to this account: {holder}", hint)


def _try_lock(descriptor: int, path: str) -> bool:
    """Try to take the lock; whether it succeeded."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise AuditError(f"the lock {path} cannot be taken: {error.strerror}", _NOTHING) from error
    return True


def _write_note(descriptor: int, path: str, note: str) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, os.fsencode(f"{note}\n"), 0)
        os.fsync(descriptor)
    except OSError as error:
        raise AuditError(f"the lock {path} cannot be written: {error.strerror}", _NOTHING) from error


def _read_note(descriptor: int) -> str:
    return os.fsdecode(os.pread(descriptor, _MAX_NOTE_BYTES, 0))


@contextlib.contextmanager
def _empty_after_block(descriptor: int) -> Iterator[None]:
    """Empty the lock file after the block, unless it crashed: then the next run reports it."""
    crashed = True
    try:
        yield
        crashed = False
    except (AuditError, KeyboardInterrupt):
        crashed = False
        raise
    finally:
        if not crashed:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
