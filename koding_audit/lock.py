"""One writer at a time for an account on one machine: a lock file that says who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from koding_audit.errors import AuditError, RefusedError
from koding_audit.text import inert

_LONGEST = 200  # bytes that are read of what another run wrote into it


@contextlib.contextmanager
def held(path: str, now: datetime) -> Iterator[None]:
    """Hold the lock while the block runs; the kernel lets go of it if this process dies.

    Raises RefusedError where another run holds it, AuditError where it cannot be made.
    """
    try:
        make_folder(Path(path).parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise AuditError(f"the lock {path} cannot be made: {error.strerror}", "nothing was written to IAM") from error
    try:
        _take(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} since {now:%Y-%m-%dT%H:%M:%SZ}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def path_beside(journal: str) -> str:
    """Where the lock of an account stands: in the folder of its journals."""
    return str(Path(journal).parent / "lock")


def make_folder(folder: Path) -> None:
    """Each folder that is missing on the way is made for its owner alone; mkdir's `parents` would open those above."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _take(descriptor: int, path: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = inert(os.pread(descriptor, _LONGEST, 0).decode(errors="replace").strip()) or "another run"
        hint = f"wait for it to end; the lock is {path}"
        raise RefusedError(f"another run is writing to this account: {holder}", hint) from error
