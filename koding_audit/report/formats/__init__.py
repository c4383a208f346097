"""Formats: each module renders a Report as text, and its name is the option's: --output NAME[:PATH]."""

from __future__ import annotations

import os
from json import load  # `json` is one of the formats
from typing import Any


def report_schema() -> dict[str, Any]:
    """Returns the JSON Schema, draft-07, of the JSON report; a new version of the tool may add fields."""
    path = os.path.join(os.path.dirname(__file__), "report.json")  # noqa: PTH118, PTH120 - pathlib costs milliseconds
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
        loaded: dict[str, Any] = load(file)
    return loaded
