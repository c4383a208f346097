"""One writer at a time for an account on one machine: a lock file that says who holds it, and where its journal is."""

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
_MAX_NOTE_BYTES = 4300  # bytes that are read of what another run wrote: the longest path, and what stands before it
_MAX_NOTE_SHOWN = 500  # characters of it in a message
_NOTE = re.compile(
    r"process ([0-9]{1,10}) since ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z), journal (.+)\n", re.DOTALL
)
_TRIES = 5  # whoever only looks holds the lock for an instant
_INSTANT = 0.02  # seconds between them


class LockNote(NamedTuple):
    """What a run writes into the lock that it holds."""

    process: str
    since: str
    journal: str


@contextlib.contextmanager
def lock_account(path: str, now: datetime, journal: str) -> Iterator[str]:
    """Hold the lock while the block runs, and give what a run left in it that ended before its end, or "".

    The run empties it at its end, also where that is an error or Ctrl-C. If it dies or crashes, the kernel lets go of
    the lock, and what it says stays. Raises RefusedError where another run holds it, AuditError where there is no lock.
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
    """What a run left in the lock that ended before its end; "" where none did, or one is writing now."""
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
    """What a run wrote into its lock, or None where this is something else."""
    found = _NOTE.fullmatch(text)
    return LockNote(*found.groups()) if found else None


def default_journal_folder(environ: Mapping[str, str], account: Account) -> Path:
    """Where the lock and the journals of an account are kept. Raises InputError where there is no home."""
    state = environ.get("XDG_STATE_HOME") or ""
    if not Path(state).is_absolute():
        home = environ.get("HOME") or ""
        if not Path(home).is_absolute():
            raise InputError("there is no HOME to keep a journal in", "give --journal FILE, or set XDG_STATE_HOME")
        state = str(Path(home) / ".local" / "state")
    return Path(state) / "koding-audit" / account.id


def lock_path_beside(journal: str) -> str:
    """Where the lock of an account stands: in the folder of its journals."""
    return str(Path(journal).parent / "lock")


def create_private_folder(folder: Path) -> None:
    """Each folder that is missing on the way is made for its owner alone; mkdir's `parents` would open those above."""
    if not folder.exists():
        create_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _open_lock(path: str) -> int:
    """The lock, made where it is missing. It is about to be emptied: a file with another name is not ours to empty."""
    try:
        create_private_folder(Path(path).parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        hint = f"{_NOTHING}; give --journal FILE in a folder that can be written: the lock stands beside it"
        raise AuditError(f"the lock {path} cannot be made: {error.strerror}", hint) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise AuditError(f"the lock {path} cannot be made: what is there is no file of its own", _NOTHING)
    return descriptor


def _acquire_lock(descriptor: int, path: str) -> None:
    for _ in range(_TRIES):
        if _try_lock(descriptor, path):
            return
        threading.Event().wait(_INSTANT)
    holder = escape(_read_note(descriptor).strip())[:_MAX_NOTE_SHOWN] or "another run"
    hint = f"wait for it to end; the lock is {path}"
    raise RefusedError(f"another run is writing to this account: {holder}", hint)


def _try_lock(descriptor: int, path: str) -> bool:
    """Whether it is ours now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise AuditError(f"the lock {path} cannot be held: {error.strerror}", _NOTHING) from error
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
    """Empty the lock after the block, unless that crashed: then the next run is to say so."""
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
