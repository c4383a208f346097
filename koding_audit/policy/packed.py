"""Packed reference data that ships in the package: a line of JSON that says where the data is from, then its lines.

tools/bake.py writes the files; `xz -dc FILE | head -1` shows the first line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class DataOrigin:
    """Where packed data is from, so that nobody takes a copy for what AWS has now.

    source: the package that it was made of; version: of that package; date: of the data, ISO 8601; licence: its SPDX
    identifier; counts: how many of what there are.
    """

    source: str
    version: str
    date: str
    licence: str
    copyright: str
    counts: Mapping[str, int]


def read_packed(module: str, name: str) -> tuple[DataOrigin, list[str]]:
    """The file of that name beside a module (its `__file__`): its origin and its lines."""
    import lzma  # noqa: PLC0415 - some builds of Python lack it: only who reads packed data needs it

    path = os.path.join(os.path.dirname(module), name)  # noqa: PTH118, PTH120 - pathlib costs milliseconds
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        head, *lines = lzma.decompress(file.read()).decode("ascii").removesuffix("\n").split("\n")
    return DataOrigin(**json.loads(head)), lines
