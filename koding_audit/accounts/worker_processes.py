"""What all worker processes of a run on this machine have in common: their start, the work, errors of lost items."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Protocol, TypeVar

from koding_audit import __version__
from koding_audit.model.errors import AccessError, AuditError, InputError

T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

MAX_STARTS = 20
"""How often a worker process is started: if it dies that often, the cause is not the work on one item."""

KILL_TIMEOUT = 5.0
"""Seconds to wait for the end of a killed process."""

RERUN_HINT = "run the command again; with --resume FILE it skips the finished accounts"

# It has the module path of this process, without the folder in which it is started.
_WORKER_CODE = "import sys; sys.path[:] = sys.argv[1:]; from {} import {} as serve; serve()"


class Work(Protocol[T_contra, R_co]):
    """The work for each item. It can be pickled, contains no credentials, and is called in several threads."""

    def prepare(self) -> None:
        """Open what it needs in this process. Raises AuditError if that fails."""

    def __call__(self, item: T_contra, /) -> R_co:
        """The result for an item."""


class PickledWork:
    """The work for a worker process, which unpickles it once, if it has the same version.

    version: the version of koding-audit that made it.
    payload: the pickle.
    """

    def __init__(self, version: str, payload: bytes) -> None:
        self.version = version
        self.payload = payload
        self._work: Any = None
        self._lock = Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return PickledWork, (self.version, self.payload)

    def unpickle(self) -> Any:
        """The work. Raises InputError if the worker has another version."""
        with self._lock:
            if self.version != __version__:
                message = f"the worker has koding-audit {__version__}, but this run has {self.version}"
                raise InputError(message, "install this version of koding-audit for each worker")
            if self._work is None:
                self._work = pickle.loads(self.payload)  # noqa: S301 - a sender of tasks can run any code here anyway
            return self._work


def prepare_worker(parcel: PickledWork) -> tuple[str, str]:
    """The message and the hint of the error that prevents the work in this worker process; "" if it is ready."""
    try:
        parcel.unpickle().prepare()
    except AuditError as error:
        return error.message, error.hint
    return "", ""


def start_worker(serve: Callable[[], None], stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    """Start a process that calls a function of this package, which must end it when its standard input is closed.

    It has its own session, so that Ctrl-C in the terminal does not interrupt it. Raises OSError if the system has no
    room for another process.

    stdout, stderr: as for subprocess.Popen.
    """
    command = [sys.executable, "-c", _WORKER_CODE.format(serve.__module__, serve.__name__), *sys.path]
    streams: Mapping[str, int] = {"stdin": subprocess.PIPE, "stdout": stdout, "stderr": stderr}
    return subprocess.Popen(command, start_new_session=True, **streams)  # type: ignore[call-overload,no-any-return] # noqa: S603 - this Python, with constant arguments


def item_killed_workers_error() -> AccessError:
    """The error of an item whose work ended several worker processes."""
    return AccessError("its audit killed several workers", "check the memory of the workers")


def workers_died_error() -> AccessError:
    """The error of each item that is left when no worker process is started again."""
    return AccessError("not audited: all worker processes died several times", RERUN_HINT)
