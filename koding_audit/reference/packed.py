"""Reads the packed reference data of the package: one line of JSON with the origin of the data, then its lines.

tools/bake.py writes the files; `xz -dc FILE | head -1` shows the first line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class DataOrigin:
    """Where packed data comes from; it is a copy at one date, not what AWS has now.

    source: the package that it was made from.
    version: the version of that package.
    date: the date of the data, ISO 8601.
    licence: its SPDX identifier.
    copyright: the copyright notice.
    counts: the number of entries of each kind.
    """

    source: str
    version: str
    date: str
    licence: str
    copyright: str
    counts: Mapping[str, int]


def read_packed(module: str, name: str) -> tuple[DataOrigin, list[str]]:
    """Return the origin and the lines of a file that lies beside a module.

    module: the module's `__file__`.
    name: the name of the file.
    """
    import lzma  # noqa: PLC0415 - some builds of Python lack it, and only packed data needs it

    path = os.path.join(os.path.dirname(module), name)  # noqa: PTH118, PTH120 - pathlib costs milliseconds
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        head, *lines = lzma.decompress(file.read()).decode("ascii").removesuffix("\n").split("\n")
    return DataOrigin(**json.loads(head)), lines
