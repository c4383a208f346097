"""The journal: what a run wrote to IAM, on disk before and after each write, for `undo` and for whoever comes after."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path

from koding_audit import codec, inputs
from koding_audit.errors import AuditError
from koding_audit.lock import default_folder, make_folder
from koding_audit.model import Account, Entry, Journal, Problem, SourceFile

_NOT_BEGUN = "nothing was written to IAM; give --journal FILE, a new file on a disk with room"


class JournalFile:
    """A journal that is being written: its own file, made for it alone, readable by nobody else.

    Each line is on the disk (fsync) before `append` returns. Raises AuditError where the disk does not take it; nothing
    more is written to it then, for what it holds of that line is not known.
    """

    def __init__(self, path: str, account: Account, started_at: datetime, desired: Iterable[SourceFile]) -> None:
        self.path = path
        self._chain = ""
        self._broken = ""
        try:
            make_folder(Path(path).parent)
            # Exclusive and without following a link: nobody can have laid another file in its way.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise AuditError(f"the journal {path} cannot be made: {error.strerror}", _NOT_BEGUN) from error
        try:
            self._put(codec.journal_header(account, started_at, desired))
            self._keep_name()
        except OSError as error:
            os.close(self._descriptor)
            Path(path).unlink(missing_ok=True)
            raise AuditError(f"the journal {path} cannot be written: {error.strerror}", _NOT_BEGUN) from error

    def append(self, index: int, entry: Entry) -> None:
        """Record one state of the step at that index of the plan."""
        self._write(codec.journal_line(datetime.now(timezone.utc), index, entry))

    def end(self) -> None:
        """Record that the run came to its end. A journal without this line is of a run that was cut off."""
        self._write(codec.journal_end(datetime.now(timezone.utc)))

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, said: str) -> None:
        try:
            if not self._broken:
                self._put(said)
        except OSError as error:
            self._broken = error.strerror or type(error).__name__
        if self._broken:
            hint = "the run stops here: what it did so far is in the journal"
            raise AuditError(f"the journal {self.path} cannot be written: {self._broken}", hint)

    def _put(self, said: str) -> None:
        line, self._chain = codec.chained(said, self._chain)
        data = line.encode("ascii")
        while data:
            data = data[os.write(self._descriptor, data) :]
        os.fsync(self._descriptor)

    def _keep_name(self) -> None:
        """A new file's name is on the disk only once its folder is."""
        folder = os.open(Path(self.path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def default_path(environ: Mapping[str, str], account: Account, now: datetime) -> str:
    """`$XDG_STATE_HOME/koding-audit/ACCOUNT/TIME.jsonl`, with microseconds, so that two runs do not meet."""
    return str(default_folder(environ, account) / now.strftime("%Y%m%dT%H%M%S.%fZ.jsonl"))


def read(path: str) -> tuple[Journal, Problem | None]:
    """A journal in its last state, and what is wrong with its last line where a crash tore it. Raises InputError."""
    hint = "the run that wrote it printed its path; by default under ~/.local/state/koding-audit/ACCOUNT"
    # A line is at most some 14 KB, and a plan has three for each step.
    data = inputs.read(path, inputs.Wanted("a journal", 256, hint)).data
    whole = data.rfind(b"\n") + 1 or len(data)
    # A power loss may leave anything of the last line.
    text = inputs.decoded(data[:whole], path) + data[whole:].decode("utf-8", "replace")
    return codec.decode_journal(text, path)
