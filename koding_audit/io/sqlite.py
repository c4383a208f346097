"""Opens the tool's own SQLite files: created for their owner alone, checked, and migrated to the latest version."""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.frozen import dataclass

if TYPE_CHECKING:
    import sqlite3

WAIT = 15.0  # seconds to wait for another run that is writing: a write takes a moment

_HINTS: Mapping[str, str] = {
    "database is locked": "another run is using it: wait until it ends, and run again",
    "database or disk is full": "free space on its disk",
    "disk I/O error": "free space on its disk, or check the disk",
    "file is not a database": "this is not a {noun}: name another file",
    "database disk image is malformed": "move it away, and the next run creates a new one;"
    " `sqlite3 FILE .recover` may recover its content",
    "attempt to write a readonly database": "make it and its folder writable;"
    " if a run was killed while it wrote, the next run that writes repairs it",
    "unable to open database file": "make it and its folder readable and writable",
}


@dataclass(frozen=True, slots=True)
class DatabaseKind:
    """A kind of SQLite file.

    noun: its name, `history`.
    option: the option that names it, `--history`.
    made_by: the command that creates it.
    application_id: SQLite's, in the file's header.
    migrations: the statements from each version to the next; the version (user_version) is the number of migrations
        that were run. Never change a released one: add another.
    """

    noun: str
    option: str
    made_by: str
    application_id: int
    migrations: Sequence[Sequence[str]]

    def unusable_error(self, path: str, reason: str | None, hint: str = "") -> AuditError:
        """The error for a file that cannot be used."""
        return AuditError(f"the {self.noun} {path} cannot be used: {reason}", hint)

    def error_hint(self, error: sqlite3.Error) -> str:
        """What to do about SQLite's error; its text contains no values of ours."""
        return _HINTS.get(str(error), "").replace("{noun}", self.noun)


def check_database_path(path: str, kind: DatabaseKind) -> None:
    """Check, before there is anything to store, that a file can have this name. Raises InputError."""
    if path == "-" or path.endswith("/") or os.path.isdir(path):  # noqa: PTH112 - Path's own raises for a long name
        raise InputError(f"{kind.option}: {path} is not a file name", "name the file, with its folder")
    folder = Path(path).parent
    if not os.path.isdir(folder):  # noqa: PTH112 - as above
        raise InputError(
            f"{kind.option}: {path} cannot be created: {folder} is not a folder", "create the folder first"
        )


def create_database(path: str, kind: DatabaseKind) -> None:
    """Create an empty file for its owner alone, if there is none: SQLite would create one that others can read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        os.close(os.open(path, flags, 0o600))
    except FileExistsError:
        pass
    except (OSError, ValueError) as error:  # ValueError: an invalid path
        raise kind.unusable_error(path, error.strerror if isinstance(error, OSError) else str(error)) from error


def _check_plain_file(path: str, kind: DatabaseKind) -> tuple[int, int]:
    """Return the device and inode of a regular file with one name. Raises AuditError for a link or another file."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise kind.unusable_error(path, reason, f"create it with `{kind.made_by}`") from error
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        raise kind.unusable_error(path, "it is a link, or not a regular file", "name the file itself")
    return found.st_dev, found.st_ino


def refuse_wal(path: str, kind: DatabaseKind) -> None:
    """Refuse a file in WAL mode: even to read it, SQLite would create two files beside it. Raises AuditError.

    This tool sets no such mode. Not for a file that the process has open: closing it again would release its locks.
    """
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK | os.O_CLOEXEC)) as file:
            header = file.read(20)
    except (OSError, ValueError):
        return  # what opens the file says why
    # https://www.sqlite.org/fileformat.html: the write and the read version; 2 is WAL.
    if header.startswith(b"SQLite format 3\0") and 2 in header[18:20]:
        hint = f"close that program, and run `sqlite3 {shlex.quote(path)} 'PRAGMA journal_mode=DELETE'`"
        raise kind.unusable_error(path, "another program has put it into WAL mode", hint)


@contextlib.contextmanager
def read_database(path: str, kind: DatabaseKind, wait: float = WAIT) -> Iterator[sqlite3.Connection]:
    """Open a database to read it; neither the file nor its folder is written to. Raises AuditError.

    A file of an older version is migrated in memory.
    """
    refuse_wal(path, kind)
    with _connect_to_file(path, kind, "ro", wait) as database:
        database.execute("PRAGMA query_only = ON")
        database.execute("BEGIN")
        if _read_version(database, path, kind) == len(kind.migrations):
            yield database
            return
        with contextlib.closing(type(database)(":memory:", isolation_level=None)) as copy:
            database.backup(copy)
            _migrate_database(copy, path, kind)
            yield copy


@contextlib.contextmanager
def open_database(path: str, kind: DatabaseKind, begin: str, wait: float = WAIT) -> Iterator[sqlite3.Connection]:
    """Open a database of the latest version in one transaction, which an error in the block rolls back.

    Raises AuditError.
    begin: `BEGIN`, or `BEGIN IMMEDIATE` to write.
    wait: seconds to wait for another run that is writing.
    """
    with _connect_to_file(path, kind, "rw", wait) as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute(begin)
        try:
            _migrate_database(database, path, kind)
            yield database
            database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.rollback()


@contextlib.contextmanager
def _connect_to_file(path: str, kind: DatabaseKind, mode: str, wait: float) -> Iterator[sqlite3.Connection]:
    """Connect to a database and convert SQLite's errors into AuditError. mode: `ro` or `rw`; neither creates a file."""
    try:
        import sqlite3  # noqa: PLC0415 - only where there is a database
    except ImportError as error:  # a Python that was built without it
        raise kind.unusable_error(path, "this Python has no sqlite3", "use a Python with sqlite3") from error
    before = _check_plain_file(path, kind)
    try:
        # If ours was removed meanwhile, that is an error.
        uri = f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode={mode}"  # noqa: PTH100 - resolving would follow links
        database = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
        with contextlib.closing(database):
            # SQLite opens by name: check that it is still the file that was checked before.
            if _check_plain_file(path, kind) != before:
                raise kind.unusable_error(path, "it was replaced while it was opened")
            database.execute("PRAGMA trusted_schema = OFF")  # the schema of a foreign file must run no functions
            yield database
    except sqlite3.Error as error:
        raise kind.unusable_error(path, str(error), kind.error_hint(error)) from error


def _read_version(database: sqlite3.Connection, path: str, kind: DatabaseKind) -> int:
    """Return the version of the file. Raises AuditError if it is not ours, or newer than this tool."""
    ours, version, tables = (
        database.execute(question).fetchone()[0]
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if ours != kind.application_id and (ours or version or tables):
        raise kind.unusable_error(path, "it is a database of another program", "name another file")
    if version > len(kind.migrations):
        hint = "upgrade koding-audit, or name another file"
        latest = len(kind.migrations)
        raise kind.unusable_error(
            path, f"its version {version} is newer than this koding-audit supports ({latest})", hint
        )
    return int(version)


def _migrate_database(database: sqlite3.Connection, path: str, kind: DatabaseKind) -> None:
    """Migrate the file to the latest version, within the transaction. Raises AuditError if it is not ours."""
    steps, version = kind.migrations, _read_version(database, path, kind)
    for statement in (each for step in steps[version:] for each in step):
        database.execute(statement)
    if version < len(steps):
        database.execute(f"PRAGMA application_id = {kind.application_id}")
        database.execute(f"PRAGMA user_version = {len(steps)}")
