"""SQLite files of this tool's own: made for their owner alone, opened as what they are, and of the last version."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.frozen import dataclass

if TYPE_CHECKING:
    import sqlite3

WAIT = 15.0  # seconds that a run waits for another one that is writing: each writes for an instant

_HINTS: Mapping[str, str] = {
    "database is locked": "another run holds it: see which, and run again",
    "database or disk is full": "make room on its disk",
    "disk I/O error": "make room on its disk, or look after it",
    "file is not a database": "this is no {noun}: name another file",
    "database disk image is malformed": "move it away, and the next run begins a new one;"
    " `sqlite3 FILE .recover` may save what it held",
    "attempt to write a readonly database": "it has to be writable, and its folder too",
    "unable to open database file": "it has to be readable and writable, and its folder too",
}


@dataclass(frozen=True, slots=True)
class DatabaseKind:
    """What a file is for. noun: `history`; option: what names it, `--history`; made_by: the command that makes it;
    application_id: SQLite's, in the file's head; steps: from each version of the file to the next, whose number
    (user_version) is how many were taken. Never change one that was released: add another.
    """

    noun: str
    option: str
    made_by: str
    application_id: int
    migrations: Sequence[Sequence[str]]

    def unusable_error(self, path: str, reason: str | None, hint: str = "") -> AuditError:
        return AuditError(f"the {self.noun} {path} cannot be used: {reason}", hint)

    def error_hint(self, error: sqlite3.Error) -> str:
        """What to do about SQLite's error, whose text holds no value of ours."""
        return _HINTS.get(str(error), "").replace("{noun}", self.noun)


def check_database_path(path: str, kind: DatabaseKind) -> None:
    """Whether a file can be called that, as far as can be told before there is anything to keep. Raises InputError."""
    if path == "-" or path.endswith("/") or os.path.isdir(path):  # noqa: PTH112 - Path's own raises for a long name
        raise InputError(f"{kind.option}: {path} is no name of a file", "name the file, with its folder")
    folder = Path(path).parent
    if not os.path.isdir(folder):  # noqa: PTH112 - as above
        raise InputError(f"{kind.option}: {path} cannot be made: {folder} is no folder", "make the folder first")


def create_database(path: str, kind: DatabaseKind) -> None:
    """An empty file for its owner alone, where there is none: SQLite itself would make one that others can read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        pass
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        raise kind.unusable_error(path, error.strerror if isinstance(error, OSError) else str(error)) from error


def _check_plain_file(path: str, kind: DatabaseKind) -> tuple[int, int]:
    """The device and inode of a plain file of its own name. Raises AuditError: a link would lead SQLite elsewhere."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise kind.unusable_error(path, reason, f"`{kind.made_by}` makes it") from error
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise kind.unusable_error(
            path, "it is no plain file of its own, and is not written through", "name the file itself"
        )
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def open_database(path: str, kind: DatabaseKind, begin: str, wait: float = WAIT) -> Iterator[sqlite3.Connection]:
    """The database, of its kind's last version, within one transaction, which is undone where the block ends with an
    error. begin: `BEGIN`, or `BEGIN IMMEDIATE` to write; wait: seconds for others that are writing. Raises AuditError.
    """
    try:
        import sqlite3  # noqa: PLC0415 - only where there is a database
    except ImportError as error:  # a Python that was built without it
        raise kind.unusable_error(path, "this Python has no sqlite3", "use one that has") from error
    before = _check_plain_file(path, kind)
    try:
        # `rw` makes no file: if somebody took ours away since, that is an error.
        uri = f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode=rw"  # noqa: PTH100 - resolving would follow links
        database = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
        with contextlib.closing(database):
            # SQLite has opened it by name: what is under that name is still what was looked at.
            if _check_plain_file(path, kind) != before:
                raise kind.unusable_error(path, "it was exchanged while it was opened")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA trusted_schema = OFF")  # a file from elsewhere runs no function of its own
            database.execute(begin)
            try:
                _migrate_database(database, path, kind)
                yield database
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.rollback()
    except sqlite3.Error as error:
        raise kind.unusable_error(path, str(error), kind.error_hint(error)) from error


def _migrate_database(database: sqlite3.Connection, path: str, kind: DatabaseKind) -> None:
    """Bring the file to the last version, within the transaction. Raises AuditError: it is not ours."""
    steps = kind.migrations
    ours, version, tables = (
        database.execute(question).fetchone()[0]
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if ours != kind.application_id and (ours or version or tables):
        raise kind.unusable_error(path, "it is a database of something else", "name another file")
    if version > len(steps):
        hint = "upgrade koding-audit, or name another file"
        raise kind.unusable_error(
            path, f"its version {version} is newer than this koding-audit knows ({len(steps)})", hint
        )
    for statement in (each for step in steps[version:] for each in step):
        database.execute(statement)
    if version < len(steps):
        database.execute(f"PRAGMA application_id = {kind.application_id}")
        database.execute(f"PRAGMA user_version = {len(steps)}")
