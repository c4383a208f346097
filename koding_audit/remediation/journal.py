"""The journal of a run: each IAM write, on the disk before and after it is sent, for `undo` and for reviews."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path

from koding_audit.io import files
from koding_audit.io.codec.journal import chain_line, decode_journal, journal_end, journal_header, journal_line
from koding_audit.io.lock import create_private_folder, default_journal_folder
from koding_audit.io.memory import limit_memory
from koding_audit.model.account import Account
from koding_audit.model.errors import AuditError
from koding_audit.model.frozen import replace
from koding_audit.model.location import SourceFile
from koding_audit.model.plan import Entry, Journal
from koding_audit.model.report import Problem

_NOTHING_WRITTEN_HINT = "nothing was written to IAM; use --journal FILE with a new file on a disk with free space"


class JournalFile:
    """A journal that is being written: a new file that only its owner can read.

    Each line is on the disk (fsync) before `append` returns. Raises AuditError if a line cannot be written; after that
    nothing more is written to the file, because it may contain a part of that line.
    """

    def __init__(self, path: str, account: Account, started_at: datetime, desired: Iterable[SourceFile]) -> None:
        self.path = path
        self._last_digest = ""
        self._write_error = ""
        try:
            create_private_folder(Path(path).parent)
            # Exclusive and without following a link: another user cannot prepare a file at this path.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise AuditError(
                f"the journal {path} cannot be created: {error.strerror}", _NOTHING_WRITTEN_HINT
            ) from error
        try:
            self._append_line(journal_header(account, started_at, map(_with_absolute_path, desired)))
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
        """Record that the run has ended. A journal without this line belongs to a run that was interrupted."""
        self._append_or_fail(journal_end(datetime.now(timezone.utc)))

    def close(self) -> None:
        os.close(self._descriptor)

    def _append_or_fail(self, content: str) -> None:
        try:
            if not self._write_error:
                self._append_line(content)
        except OSError as error:
            self._write_error = error.strerror or type(error).__name__
        if self._write_error:
            hint = "the run stops here; the journal has the writes that were made before"
            raise AuditError(f"the journal {self.path} cannot be written: {self._write_error}", hint)

    def _append_line(self, content: str) -> None:
        line, self._last_digest = chain_line(content, self._last_digest)
        data = line.encode("ascii")
        while data:
            data = data[os.write(self._descriptor, data) :]
        os.fsync(self._descriptor)

    def _sync_folder(self) -> None:
        """Write the folder to the disk (fsync): before that, the name of a new file may be lost."""
        folder = os.open(Path(self.path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _with_absolute_path(file: SourceFile) -> SourceFile:
    """The file as `undo` finds it from another folder. `..` remains, because the folder before it may be a link."""
    return replace(file, path=str(Path(file.path).absolute()))


def default_journal_path(environ: Mapping[str, str], account: Account, now: datetime) -> str:
    """`$XDG_STATE_HOME/koding-audit/ACCOUNT/TIME.jsonl`, with microseconds, so that two runs have different files."""
    return str(default_journal_folder(environ, account) / now.strftime("%Y%m%dT%H%M%S.%fZ.jsonl"))


def read_journal(path: str) -> tuple[Journal, Problem | None]:
    """The journal in its last state, and a problem if a crash left its last line incomplete. Raises InputError."""
    hint = "use the path that the run printed; the default folder is ~/.local/state/koding-audit/ACCOUNT"
    with limit_memory(path):
        return _decode_journal_file(path, hint)


def _decode_journal_file(path: str, hint: str) -> tuple[Journal, Problem | None]:
    # A line has at most about 14 KB, and each step has three lines.
    data = files.read_file(path, files.FileSpec("a journal", 256, hint)).data
    complete = data.rfind(b"\n") + 1 or len(data)
    # After a power loss the last line may contain any bytes.
    text = files.decode_utf8(data[:complete], path) + data[complete:].decode("utf-8", "replace")
    return decode_journal(text, path)
