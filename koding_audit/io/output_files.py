"""Writes files without losing what is there: new files only, or a replacement in one step."""

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
    """A report to its file, which is replaced as a whole: a reader never meets half of one. Raises AuditError.

    parts: the text, which may be made while it is written. Of a link the link itself is replaced, and not what it leads
    to. Pipes and character devices are written to.
    """
    data = (part.encode("utf-8") for part in parts)
    try:
        number = stream_number(path)
        if number is not None:
            _write_all(number, data, close=False)
        elif file_type(path) in (stat.S_IFCHR, stat.S_IFIFO):
            # Without O_NONBLOCK, a pipe that nobody reads would hold the run for ever.
            device = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC)
            os.set_blocking(device, True)
            _write_all(device, data)
        else:
            with _temporary_file(path, data, 0o644) as written:
                if file_type(path) == stat.S_IFREG:
                    written.chmod(stat.S_IMODE(os.lstat(path).st_mode) & 0o777)
                written.replace(path)
    except OSError as error:
        nobody = " (nobody reads this pipe)" if error.errno == errno.ENXIO else ""
        reason = f"{error.strerror}{nobody}"
        raise AuditError(f"the report {path} cannot be written: {reason}", "nothing of it was left") from error


def check_new_name(path: str) -> None:
    """Whether a new file can be called that. Raises InputError."""
    if os.path.lexists(path):
        raise InputError(f"{path} is there already", "name a new file, or remove that one")
    if path == "-":
        raise InputError("only a report can go to standard output", "name a file; one that is called - is given as ./-")
    if not path or is_folder(path):
        raise InputError(f"{path or 'an empty name'} is no name of a file to write", "name the file, with its folder")


def check_new_file(path: str) -> None:
    """Whether create_file could make it, as far as can be told before there is anything to write. Raises InputError."""
    check_new_name(path)
    target = Path(path)
    if not os.path.isdir(target.parent):  # noqa: PTH112 - Path's own raises where a name is too long
        raise InputError(f"{path} cannot be made: {target.parent} is not a folder", "make the folder first")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be made: {target.parent} cannot be written", "name a file in another folder")


def create_file(path: str, text: str) -> None:
    """A new file for its owner alone, whole or not at all; never over one that is there. Raises AuditError."""
    there = InputError(f"{path} is there already", "name a new file, or remove that one")
    if os.path.lexists(path):
        raise there
    try:
        with _temporary_file(path, [text.encode("utf-8")], 0o600) as written:
            try:
                os.link(written, path)
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links: the name is taken first, and is empty for a moment
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
                written.replace(path)
    except FileExistsError as error:
        raise there from error
    except OSError as error:
        raise AuditError(f"{path} cannot be written: {error.strerror}", "nothing of it was left") from error


@contextlib.contextmanager
def _temporary_file(path: str, data: Iterable[bytes], mode: int) -> Iterator[Path]:
    """A file of another name in the same folder, on the disk; it is gone after the block, unless it was renamed."""
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
    """Whether it is one, or said to be one. Raises InputError: longer than a name can be."""
    try:
        return path.endswith("/") or stat.S_ISDIR(Path(path).stat().st_mode)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"{path} cannot be made: {error.strerror}", "name another file") from error
        return False


def stream_number(path: str) -> int | None:
    """The number of the stream that a path stands for: opened by its name, a file would be written from its start."""
    found = _STREAM_PATH.fullmatch(path)
    return None if found is None else int(found[1] or {"stdout": 1, "stderr": 2}[found[2]])


def file_type(path: str) -> int:
    """What there is, as the bits of its mode that say so; 0 for nothing, and S_IFLNK for a link."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except OSError:
        return 0
