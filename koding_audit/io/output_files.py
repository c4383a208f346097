"""Writes files safely: creates new files only, or replaces a file in one step."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from koding_audit.model.errors import AuditError, InputError

_STREAM_PATH = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,6})|/dev/(stdout|stderr)")


def replace_file(path: str, parts: Iterable[str]) -> None:
    """Write a report to its file, which is replaced in one step: no reader sees a partial one. Raises AuditError.

    A link is replaced itself, not its target. Pipes and character devices are written to.
    parts: the parts of the text; they may be made while the file is written.
    """
    data = (part.encode("utf-8") for part in parts)
    try:
        number = stream_number(path)
        if number is not None:
            _write_all(number, data, close=False)
        elif file_type(path) in (stat.S_IFCHR, stat.S_IFIFO):
            # Without O_NONBLOCK, a pipe without a reader would block the run forever.
            device = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC)
            os.set_blocking(device, True)
            _write_all(device, data)
        else:
            with _temporary_file(path, data, 0o644) as written:
                if file_type(path) == stat.S_IFREG:
                    written.chmod(stat.S_IMODE(os.lstat(path).st_mode) & 0o777)
                written.replace(path)
    except OSError as error:
        no_reader = " (no process reads this pipe)" if error.errno == errno.ENXIO else ""
        reason = f"{error.strerror}{no_reader}"
        raise AuditError(f"the report {path} cannot be written: {reason}", "no partial file was left") from error


def check_new_name(path: str) -> None:
    """Check that a new file can have this name. Raises InputError."""
    if os.path.lexists(path):
        raise InputError(f"{path} already exists", "name a new file, or remove this one")
    if path == "-":
        raise InputError("only a report can go to standard output", "name a file; write ./- for a file named -")
    if not path or is_folder(path):
        raise InputError(f"{path or 'an empty name'} is not a file name", "name the file, with its folder")


def check_new_file(path: str) -> None:
    """Check, before there is anything to write, that create_file can create the file. Raises InputError."""
    check_new_name(path)
    target = Path(path)
    if not os.path.isdir(target.parent):  # noqa: PTH112 - Path's own raises where a name is too long
        raise InputError(f"{path} cannot be created: {target.parent} is not a folder", "create the folder first")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        hint = "name a file in another folder"
        raise InputError(f"{path} cannot be created: {target.parent} is not writable", hint)


def create_file(path: str, text: str) -> None:
    """Create a complete file that only its owner can read; never replaces a file. Raises AuditError."""
    exists = InputError(f"{path} already exists", "name a new file, or remove this one")
    if os.path.lexists(path):
        raise exists
    try:
        with _temporary_file(path, [text.encode("utf-8")], 0o600) as written:
            try:
                os.link(written, path)
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links: an empty file reserves the name for a moment
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
                written.replace(path)
    except FileExistsError as error:
        raise exists from error
    except OSError as error:
        raise AuditError(f"{path} cannot be written: {error.strerror}", "no partial file was left") from error


@contextlib.contextmanager
def _temporary_file(path: str, data: Iterable[bytes], mode: int) -> Iterator[Path]:
    """Write a temporary file in the same folder, synced to disk; it is removed after the block, unless renamed."""
    written = Path(path).with_name(f".koding-audit-{os.urandom(8).hex()}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        _write_all(os.open(written, flags, mode), data, sync=True)
        yield written
    finally:
        written.unlink(missing_ok=True)


def _write_all(descriptor: int, data: Iterable[bytes], *, sync: bool = False, close: bool = True) -> None:
    with open(descriptor, "wb", closefd=close) as stream:
        stream.writelines(data)
        stream.flush()
        if sync:
            os.fsync(descriptor)


def is_folder(path: str) -> bool:
    """Whether the path is a folder, or ends with `/`. Raises InputError if the name is too long."""
    try:
        return path.endswith("/") or stat.S_ISDIR(Path(path).stat().st_mode)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"{path} cannot be created: {error.strerror}", "name another file") from error
        return False


def stream_number(path: str) -> int | None:
    """The file descriptor of a path such as /dev/stdout: opening that path would overwrite a file from its start."""
    found = _STREAM_PATH.fullmatch(path)
    return None if found is None else int(found[1] or {"stdout": 1, "stderr": 2}[found[2]])


def file_type(path: str) -> int:
    """The file type, as the bits of its mode; 0 if there is no file, and S_IFLNK for a link."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except OSError:
        return 0
