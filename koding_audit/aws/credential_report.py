"""Parses IAM's credential report: a CSV with one row for root and one for each user.

Columns and values: IAM user guide, id_credentials_getting-report. AWS has added columns and changed the case of values,
so columns are found by name and values compared without case. An unknown value stays unknown; it gets no default.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone

from koding_audit.model.snapshot import RootUse

ROOT = "<root_account>"
KEY_SLOTS = (1, 2)

_NEVER = frozenset({"n/a", "no_information", "not_supported", ""})

CredentialRow = Mapping[str, str]


class ReportFormatError(Exception):
    """The report does not have the documented form; the text says why."""


def parse_credential_report(content: bytes) -> Mapping[str, CredentialRow]:
    """Returns the report's rows by user name. Raises ReportFormatError."""
    try:
        table = [cells for cells in csv.reader(io.StringIO(content.decode("utf-8")), strict=True) if cells]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReportFormatError(f"the report is not a CSV file: {error}") from error
    header = table[0] if table else []
    if "user" not in header:
        raise ReportFormatError("the report has no column `user`")
    if len({each.strip().casefold() for each in header}) < len(header):
        raise ReportFormatError("the report has a column twice")
    column = header.index("user")
    found: dict[str, list[str]] = {}
    for cells in table[1:]:
        if len(cells) != len(header):
            raise ReportFormatError("the report has a row of another length than its header")
        if cells[column] in found:
            raise ReportFormatError(f"the report has two rows of user {cells[column]}")
        found[cells[column]] = cells
    return _LazyRows(header, found)


class _LazyRows(Mapping[str, CredentialRow]):
    """The report's rows, each converted to a mapping on access: of thousands, a run may need root's only."""

    def __init__(self, header: list[str], cells: Mapping[str, list[str]]) -> None:
        self._header = header
        self._cells = cells

    def __getitem__(self, user: str) -> CredentialRow:
        return dict(zip(self._header, self._cells[user], strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)


def parse_root_use(table: Mapping[str, CredentialRow], generated: datetime) -> RootUse:
    """Returns when root was last used. Raises ReportFormatError if root's row or a column of it is missing."""
    row = table.get(ROOT)
    if row is None:
        raise ReportFormatError("the report has no row of the root user")
    keys = tuple(parse_report_time(row, f"access_key_{slot}_last_used_date") for slot in KEY_SLOTS)
    return RootUse(generated, parse_report_time(row, "password_last_used"), keys)


def has_no_key(row: CredentialRow) -> bool:
    """Whether the report proves that the user had no access key, active or not, when AWS made the report."""
    slots = [(row.get(f"access_key_{n}_active"), row.get(f"access_key_{n}_last_rotated")) for n in KEY_SLOTS]
    return all(_lowercase(active) == "false" and _lowercase(rotated) == "n/a" for active, rotated in slots)


def has_no_password(row: CredentialRow) -> bool:
    """Whether the report proves that the user had no console password when AWS made the report."""
    return _lowercase(row.get("password_enabled")) == "false"


def parse_report_time(row: CredentialRow, column: str) -> datetime | None:
    """Returns a time in UTC, None for never. Raises ReportFormatError if the column is missing or not a time."""
    value = row.get(column)
    if value is None:
        raise ReportFormatError(f"the report has no column `{column}`")
    if value.lower() in _NEVER:
        return None
    try:
        parsed = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return parsed.replace(tzinfo=timezone.utc) if parsed.tzinfo is None else parsed.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise ReportFormatError(f"column `{column}` holds what is not a time") from None


def _lowercase(value: str | None) -> str:
    return (value or "").lower()
