"""Stores the audits of a run over many accounts on disk; only one audit at a time is in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import overload

from koding_audit.model.errors import AuditError
from koding_audit.model.frozen import replace
from koding_audit.model.report import Audit, Problem, Report, SkippedAccount

FEW = 20
"""Up to this many audits stay in memory; more are all stored on disk."""

_DISK_HINT = "free space for temporary files, or set TMPDIR to a folder on another disk"
_Extent = tuple[str, int, int]


def spool_audits(audits: Iterable[Audit], *, by_account: bool = False) -> Sequence[Audit]:
    """Returns the audits as a sequence that can be read repeatedly. Raises AuditError if the disk is full.

    by_account: sort by account id; otherwise the order stays
    """
    rest = iter(audits)
    first = tuple(islice(rest, FEW + 1))
    if len(first) > FEW:
        return Spool(chain(first, rest), by_account=by_account)
    return tuple(sorted(first, key=lambda audit: audit.account.id)) if by_account else first


class Spool(Sequence[Audit]):
    """Audits on disk; each access reads an audit again.

    The file has no name, so no other process can write to it, and it is deleted when the process ends. An account
    with fifty users takes about one kilobyte.
    """

    def __init__(self, audits: Iterable[Audit], *, by_account: bool = False) -> None:
        """Writes the audits to a temporary file. Raises AuditError if that fails."""
        from tempfile import TemporaryFile  # noqa: PLC0415 - most runs are of one account
        from weakref import finalize  # noqa: PLC0415 - as above

        try:
            self._file = TemporaryFile()  # noqa: SIM115 - closed by the finalizer of this object
            finalize(self, self._file.close)
            places = tuple(self._write_audits(audits))
            self._file.flush()
        except OSError as error:
            raise AuditError(f"could not store the findings: {error.strerror}", _DISK_HINT) from error
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
        """Yields the account id, the offset and the size of each audit after writing it."""
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
        audit: Audit = pickle.loads(data)  # noqa: S301 - only this object wrote the data
        return audit


def join_reports(reports: Iterable[Report]) -> Report:
    """Returns one report of several: their audits and skipped accounts, sorted, and their errors. Raises AuditError.

    The other fields are those of the first report. reports: at least one; they are read one at a time.
    """
    rest = iter(reports)
    first = next(rest)
    errors: dict[Problem, None] = {}
    skipped: set[SkippedAccount] = set()

    def audits() -> Iterator[Audit]:
        for report in chain((first,), rest):
            errors.update(dict.fromkeys(report.errors))
            skipped.update(report.skipped)
            yield from report.audits

    all_audits = spool_audits(audits(), by_account=True)
    sorted_errors = sorted(errors, key=lambda each: (each.message, each.hint))
    sorted_skipped = sorted(skipped, key=lambda each: (each.account_id, each.state))
    return replace(first, audits=all_audits, errors=tuple(sorted_errors), skipped=tuple(sorted_skipped))
