"""Formats: each file turns a Report into text, and its name is the option's: --output NAME[:PATH]."""

from __future__ import annotations

import os
from json import load  # `json` is one of the formats
from typing import Any


def report_schema() -> dict[str, Any]:
    """The format of the JSON report as JSON Schema, draft-07. Fields may be added to it in any version."""
    path = os.path.join(os.path.dirname(__file__), "report.json")  # noqa: PTH118, PTH120 - pathlib costs milliseconds
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
        loaded: dict[str, Any] = load(file)
    return loaded
