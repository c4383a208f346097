"""The journal: what a run wrote to IAM, on disk before and after each write, for `undo` and for whoever comes after."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from koding_audit import codec
from koding_audit.errors import AuditError, InputError
from koding_audit.lock import make_folder
from koding_audit.model import Account, Entry, Journal, Problem, SourceFile


class JournalFile:
    """A journal that is being written: its own file, made for it alone, readable by nobody else.

    Each line is on the disk (fsync) before `append` returns. Raises AuditError where the disk does not take it.
    """

    def __init__(self, path: str, account: Account, started_at: datetime, desired: Iterable[SourceFile]) -> None:
        self.path = path
        try:
            make_folder(Path(path).parent)
            # Exclusive and without following a link: nobody can have laid another file in its way.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            hint = "nothing was written to IAM; give --journal FILE, a new file on a disk with room"
            raise AuditError(f"the journal {path} cannot be made: {error.strerror}", hint) from error
        self._write(codec.journal_header(account, started_at, desired))
        self._keep_name()

    def append(self, index: int, entry: Entry) -> None:
        """Record one state of the step at that index of the plan."""
        self._write(codec.journal_line(datetime.now(timezone.utc), index, entry))

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, line: str) -> None:
        data = line.encode("ascii")
        with self._told():
            while data:
                data = data[os.write(self._descriptor, data) :]
            os.fsync(self._descriptor)

    def _keep_name(self) -> None:
        """A new file's name is on the disk only once its folder is."""
        with self._told():
            folder = os.open(Path(self.path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            hint = "the run stops here: what it did so far is in the journal"
            raise AuditError(f"the journal {self.path} cannot be written: {error.strerror}", hint) from error


def default_path(environ: Mapping[str, str], account: Account, now: datetime) -> str:
    """`$XDG_STATE_HOME/koding-audit/ACCOUNT/TIME.jsonl`, with microseconds, so that two runs do not meet."""
    state = environ.get("XDG_STATE_HOME") or ""
    if not Path(state).is_absolute():
        home = environ.get("HOME") or ""
        if not Path(home).is_absolute():
            raise InputError("there is no HOME to keep a journal in", "give --journal FILE, or set XDG_STATE_HOME")
        state = str(Path(home) / ".local" / "state")
    name = now.strftime("%Y%m%dT%H%M%S.%fZ.jsonl")
    return str(Path(state) / "koding-audit" / account.id / name)


def read(path: str) -> tuple[Journal, Problem | None]:
    """A journal in its last state, and what is wrong with its last line where a crash tore it. Raises InputError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        hint = "the run that wrote it printed its path; by default under ~/.local/state/koding-audit/ACCOUNT"
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: this is not UTF-8 text") from error
    return codec.decode_journal(text, path)
