"""Limits the memory that reading one file may take."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from koding_audit.model.errors import InputError

MEBIBYTE = 1 << 20
USUAL_LIMIT = 256  # mebibytes of data; with the program itself, a process stays below 300 MB
ACCOUNT_LIMIT = 448  # for a whole account: with the program itself, below 500 MB
_LEAST = 32  # mebibytes that reading a file may always add


@contextlib.contextmanager
def limit_memory(path: str, mebibytes: int = USUAL_LIMIT) -> Iterator[None]:
    """Limits the data of this process in the block. Raises InputError if it needs more.

    A limit on the size of the file is not enough: `[[],[]...` takes twenty times its size. Only Linux has such a limit
    that counts all memory of a process; on other systems the limits of the files' sizes apply alone.
    """
    if sys.platform != "linux":
        yield
        return
    import resource  # noqa: PLC0415 - not on every system

    before = resource.getrlimit(resource.RLIMIT_DATA)
    most = max(mebibytes, _used_mebibytes() + _LEAST) * MEBIBYTE
    allowed = [most, *(each for each in before if each != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_DATA, (min(allowed), before[1]))
    try:
        yield
    except MemoryError:
        raise InputError(
            f"{path} takes more than {mebibytes} MiB of memory",
            "check that this is the file you mean; reports and cases can be split into several files",
        ) from None
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _used_mebibytes() -> int:
    """Returns the data of this process (VmData), which the limit is compared with."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - pathlib costs milliseconds
        pages = int(file.read().split()[5])
    return pages * os.sysconf("SC_PAGESIZE") // MEBIBYTE
