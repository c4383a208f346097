"""The journal: what a run wrote to IAM, on disk before and after each write, for `undo` and for whoever comes after."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path

from koding_audit.io import files
from koding_audit.io.codec.journal import chain_line, decode_journal, journal_end, journal_header, journal_line
from koding_audit.io.lock import create_private_folder, default_journal_folder
from koding_audit.model.account import Account
from koding_audit.model.errors import AuditError
from koding_audit.model.location import SourceFile
from koding_audit.model.plan import Entry, Journal
from koding_audit.model.report import Problem

_NOTHING_WRITTEN_HINT = "nothing was written to IAM; give --journal FILE, a new file on a disk with room"


class JournalFile:
    """A journal that is being written: its own file, made for it alone, readable by nobody else.

    Each line is on the disk (fsync) before `append` returns. Raises AuditError where the disk does not take it; nothing
    more is written to it then, for what it holds of that line is not known.
    """

    def __init__(self, path: str, account: Account, started_at: datetime, desired: Iterable[SourceFile]) -> None:
        self.path = path
        self._last_digest = ""
        self._write_error = ""
        try:
            create_private_folder(Path(path).parent)
            # Exclusive and without following a link: nobody can have laid another file in its way.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise AuditError(f"the journal {path} cannot be made: {error.strerror}", _NOTHING_WRITTEN_HINT) from error
        try:
            self._append_line(journal_header(account, started_at, desired))
            self._sync_folder()
        except OSError as error:
            os.close(self._descriptor)
            Path(path).unlink(missing_ok=True)
            raise AuditError(
                f"the journal {path} cannot be written: {error.strerror}", _NOTHING_WRITTEN_HINT
            ) from error

    def append(self, index: int, entry: Entry) -> None:
        """Record one state of the step at that index of the plan."""
        self._append_or_fail(journal_line(datetime.now(timezone.utc), index, entry))

    def end(self) -> None:
        """Record that the run came to its end. A journal without this line is of a run that was cut off."""
        self._append_or_fail(journal_end(datetime.now(timezone.utc)))

    def close(self) -> None:
        os.close(self._descriptor)

    def _append_or_fail(self, said: str) -> None:
        try:
            if not self._write_error:
                self._append_line(said)
        except OSError as error:
            self._write_error = error.strerror or type(error).__name__
        if self._write_error:
            hint = "the run stops here: what it did so far is in the journal"
            raise AuditError(f"the journal {self.path} cannot be written: {self._write_error}", hint)

    def _append_line(self, said: str) -> None:
        line, self._last_digest = chain_line(said, self._last_digest)
        data = line.encode("ascii")
        while data:
            data = data[os.write(self._descriptor, data) :]
        os.fsync(self._descriptor)

    def _sync_folder(self) -> None:
        """A new file's name is on the disk only once its folder is."""
        folder = os.open(Path(self.path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def default_journal_path(environ: Mapping[str, str], account: Account, now: datetime) -> str:
    """`$XDG_STATE_HOME/koding-audit/ACCOUNT/TIME.jsonl`, with microseconds, so that two runs do not meet."""
    return str(default_journal_folder(environ, account) / now.strftime("%Y%m%dT%H%M%S.%fZ.jsonl"))


def read_journal(path: str) -> tuple[Journal, Problem | None]:
    """A journal in its last state, and what is wrong with its last line where a crash tore it. Raises InputError."""
    hint = "the run that wrote it printed its path; by default under ~/.local/state/koding-audit/ACCOUNT"
    # A line is at most some 14 KB, and a plan has three for each step.
    data = files.read_file(path, files.FileSpec("a journal", 256, hint)).data
    whole = data.rfind(b"\n") + 1 or len(data)
    # A power loss may leave anything of the last line.
    text = files.decode_utf8(data[:whole], path) + data[whole:].decode("utf-8", "replace")
    return decode_journal(text, path)
