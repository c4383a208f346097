"""Runs the tool as its users do, but for its journal: at one of its writes there the process dies, or the disk fails.

`python -m tests.simulator.dying CALL NUMBER WHEN ARGUMENTS ...`: CALL is `write` or `fsync`, NUMBER which of them from
1; WHEN is `before`, `half` (of the bytes) or `after`, for SIGKILL at that moment, or the name of an errno: from that
call on each fails with it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections import Counter
from typing import Any

from koding_audit import __main__
from koding_audit.remediation import journal


class Disk:
    """What `os` is to the journal alone."""

    def __init__(self, call: str, number: int, when: str) -> None:
        self._fate = (call, number)
        self._when = when
        self._seen: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, descriptor: int, data: bytes) -> int:
        befalls = self._befalls("write")
        if befalls and self._when == "half":
            os.write(descriptor, data[: len(data) // 2])
            _die()
        written = os.write(descriptor, data)
        if befalls:
            _die()
        return written

    def fsync(self, descriptor: int) -> None:
        befalls = self._befalls("fsync")
        os.fsync(descriptor)
        if befalls:
            _die()

    def _befalls(self, call: str) -> bool:
        """Whether this is the call; what comes before it has an effect happens here."""
        self._seen[call] += 1
        fated, number = self._fate
        if self._when in errno.errorcode.values():
            if call == fated and self._seen[call] >= number:
                code = getattr(errno, self._when)
                raise OSError(code, os.strerror(code))
            return False
        if (call, self._seen[call]) != self._fate:
            return False
        if self._when == "before":
            _die()
        return True


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def install(call: str, number: int, when: str) -> None:
    """From here on, in this process."""
    journal.os = Disk(call, number, when)  # type: ignore[assignment]


def main(arguments: list[str]) -> None:
    call, number, when, *rest = arguments
    install(call, int(number), when)
    sys.argv = ["koding-audit", *rest]
    __main__.run()


if __name__ == "__main__":
    main(sys.argv[1:])
