"""Reads an input file: a regular file of limited size, as UTF-8."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Iterator

from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location

LINE_BREAK = re.compile(r"\r\n|\r|\n")
# Opening must not wait for the writer of a FIFO, nor make a terminal the controlling one.
_OPENING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class FileSpec:
    """The kind of file that is expected.

    name: its name with an article, for messages.
    mebibytes: the largest size.
    missing: the hint if it cannot be read.
    too_large: the hint if it is larger.
    """

    name: str
    mebibytes: int
    missing: str = "check its path and its permissions"
    too_large: str = "is it the right file?"


@dataclass(frozen=True, slots=True)
class FileContent:
    """The content and properties of a file.

    data: its bytes.
    identity: device and inode, the same under all of its names.
    modified: POSIX time.
    mode: its permissions.
    owner: its user id.
    """

    data: bytes
    identity: tuple[int, int]
    modified: float
    mode: int
    owner: int


def read_file(path: str, wanted: FileSpec) -> FileContent:
    """Read the bytes of a regular file. Raises InputError; never waits for a device, pipe or socket."""
    start = Location(path, 1, 1)
    if path == "-":
        raise InputError("standard input is not supported", "name a file; write ./- for a file named -", start)
    try:
        descriptor = os.open(path, _OPENING)
        try:
            return _read_content(descriptor, wanted, start)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:  # ValueError: an invalid path
        reason = error.strerror if isinstance(error, OSError) else "the name is invalid"
        raise InputError(f"the file cannot be read: {reason}", wanted.missing, start) from error


def read_text(path: str, wanted: FileSpec) -> str:
    """Read the text of a file. Raises InputError."""
    return decode_utf8(read_file(path, wanted).data, path)


def read_lines(path: str, wanted: FileSpec) -> Iterator[str]:
    """Yield the lines of a log with their ends; a byte that is not UTF-8 is replaced. Raises InputError.

    The file is not in memory as a whole.
    """
    start = Location(path, 1, 1)
    try:
        descriptor = os.open(path, _OPENING)
    except (OSError, ValueError) as error:  # ValueError: an invalid path
        reason = error.strerror if isinstance(error, OSError) else "the name is invalid"
        raise InputError(f"the file cannot be read: {reason}", wanted.missing, start) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > wanted.mebibytes * _MEBIBYTE:
        os.close(descriptor)
        if stat.S_ISREG(status.st_mode):
            raise InputError(f"the file is larger than {wanted.mebibytes} MiB", wanted.too_large, start)
        raise InputError("this is not a regular file", f"name {wanted.name}, as a regular file", start)
    with open(descriptor, encoding="utf-8-sig", errors="replace", newline="") as file:  # noqa: PTH123 - a descriptor
        yield from file


def decode_utf8(data: bytes, path: str) -> str:
    """Decode UTF-8, without a byte order mark. Raises InputError with line and column."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError("the file is UTF-16", "save it as UTF-8", Location(path, 1, 1))
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        *above, line = LINE_BREAK.split(data[: error.start].decode())
        where = Location(path, len(above) + 1, len(line) + 1)
        raise InputError(f"the byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8", where) from error


def _read_content(descriptor: int, wanted: FileSpec, start: Location) -> FileContent:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a device, a pipe or a socket"
        raise InputError(f"this is {kind}, not a file", f"name {wanted.name}, as a regular file", start)
    most = wanted.mebibytes * _MEBIBYTE
    data = b""
    if status.st_size <= most:  # a larger file is not read
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(status.st_size + 1)  # read() allocates as much as it may return
            if len(data) > status.st_size:  # it grows, or it is one of /proc, which have no size
                data += file.read(most + 1 - len(data))
    if max(len(data), status.st_size) > most:
        raise InputError(f"the file is larger than {wanted.mebibytes} MiB", wanted.too_large, start)
    return FileContent(
        data, (status.st_dev, status.st_ino), status.st_mtime, stat.S_IMODE(status.st_mode), status.st_uid
    )
