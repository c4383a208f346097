"""Reads the hand-kept tables: JSON lines, each row with its source and the date at which that was read.

tools/hand_kept.py has the columns of each table, and checks them.
"""

from __future__ import annotations

import json
import os
from typing import Any

_DATA = os.path.join(os.path.dirname(__file__), "data")  # noqa: PTH118, PTH120 - pathlib costs milliseconds


def read_rows(name: str) -> tuple[dict[str, Any], ...]:
    """Return the rows of a table by its name. A row that is `inferred` has no source that says it: it never decides."""
    with open(_path(f"{name}.jsonl"), encoding="ascii") as file:  # noqa: PTH123 - as above
        lines = file.read().splitlines()
    return tuple(json.loads(f"[{','.join(lines)}]"))  # at once: a third of the time of a call for each line


def read_json(name: str) -> Any:
    """Return the content of a generated JSON file by its name."""
    with open(_path(f"{name}.json"), encoding="ascii") as file:  # noqa: PTH123 - as above
        return json.load(file)


def _path(name: str) -> str:
    return os.path.join(_DATA, name)  # noqa: PTH118 - as above
