"""Places in files: path, line and column."""

from __future__ import annotations

from typing import NamedTuple

from koding_audit.model.frozen import dataclass


class Location(NamedTuple):
    """A place in a file; line and column count from 1. A NamedTuple is cheap: a large file has 100,000 places."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read, as the user named it, with the SHA-256 of its bytes in hex."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in a file: a set in `required`, a group in `groups`, a user in `members`."""

    name: str
    location: Location
