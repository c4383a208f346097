"""The audits of a run over many accounts, kept on the disk: in memory is one at a time, and where each of them is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import overload

from koding_audit.model.errors import AuditError
from koding_audit.model.frozen import replace
from koding_audit.model.report import Audit, Problem, Report

FEW = 20
"""Audits that are held in memory; a report of more keeps them all on the disk."""

_DISK_HINT = "make room on the disk of temporary files, or set TMPDIR to a folder on another one"
_Extent = tuple[str, int, int]


def spool_audits(audits: Iterable[Audit], *, by_account: bool = False) -> Sequence[Audit]:
    """The audits, to go through as often as one likes, in their order or in that of their accounts' ids.

    Raises AuditError where the disk is full.
    """
    rest = iter(audits)
    first = tuple(islice(rest, FEW + 1))
    if len(first) > FEW:
        return Spool(chain(first, rest), by_account=by_account)
    return tuple(sorted(first, key=lambda audit: audit.account.id)) if by_account else first


class Spool(Sequence[Audit]):
    """Audits on the disk. Each look at one reads it anew.

    The file has no name from the start, so that nobody else can write into it, and it is gone with the process. What
    is in it takes about a kilobyte for an account of fifty users.
    """

    def __init__(self, audits: Iterable[Audit], *, by_account: bool = False) -> None:
        """As `kept`."""
        from tempfile import TemporaryFile  # noqa: PLC0415 - most runs are of one account
        from weakref import finalize  # noqa: PLC0415 - as above

        try:
            self._file = TemporaryFile()  # noqa: SIM115 - it is closed when nobody looks into it any more
            finalize(self, self._file.close)
            places = tuple(self._write_audits(audits))
            self._file.flush()
        except OSError as error:
            raise AuditError(f"what was found cannot be kept: {error.strerror}", _DISK_HINT) from error
        self._places = tuple(sorted(places)) if by_account else places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Audit]:
        return map(self._read_audit, self._places)

    @overload
    def __getitem__(self, place: int) -> Audit: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Audit]: ...
    def __getitem__(self, place: int | slice) -> Audit | Sequence[Audit]:
        if isinstance(place, slice):
            return [self._read_audit(each) for each in self._places[place]]
        return self._read_audit(self._places[place])

    def _write_audits(self, audits: Iterable[Audit]) -> Iterator[_Extent]:
        """Of each its account's id, where its bytes begin, and how many they are."""
        import pickle  # noqa: PLC0415 - as above
        import zlib  # noqa: PLC0415 - as above

        start = 0
        for audit in audits:
            data = zlib.compress(pickle.dumps(audit), 1)
            self._file.write(data)
            yield audit.account.id, start, len(data)
            start += len(data)

    def _read_audit(self, place: _Extent) -> Audit:
        import pickle  # noqa: PLC0415 - as above
        import zlib  # noqa: PLC0415 - as above

        _, start, size = place
        data = zlib.decompress(os.pread(self._file.fileno(), size, start))
        audit: Audit = pickle.loads(data)  # noqa: S301 - nobody but this object has written it
        return audit


def join_reports(reports: Iterable[Report]) -> Report:
    """The audits of several reports, by account, and their errors, which say of which account they are.

    They pass by one at a time. At least one is needed: how the report was made is that of the first. Raises AuditError.
    """
    rest = iter(reports)
    first = next(rest)
    errors: dict[Problem, None] = {}

    def audits() -> Iterator[Audit]:
        for report in chain((first,), rest):
            errors.update(dict.fromkeys(report.errors))
            yield from report.audits

    found = spool_audits(audits(), by_account=True)
    told = sorted(errors, key=lambda each: (each.message, each.hint))
    return replace(first, audits=found, errors=tuple(told))
