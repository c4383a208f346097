"""The schemas and the starter file that ship with the package."""

from __future__ import annotations

import json
import os
from typing import Any


def desired_schema() -> dict[str, Any]:
    """The format of the desired state as JSON Schema, draft-07."""
    return _read_schema("schema.json")


def guards_schema() -> dict[str, Any]:
    """The format of `guards.yaml`; a policy is written as in a desired state."""
    return {**_read_schema("guards.json"), "definitions": {"policy": desired_schema()["definitions"]["policy"]}}


def starter_text() -> str:
    """A first desired-state file, with comments that explain the format."""
    return _read_package_file("starter.yaml")


def _read_schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_read_package_file(name))
    return loaded


def _read_package_file(name: str) -> str:
    path = os.path.join(os.path.dirname(__file__), name)  # noqa: PTH118, PTH120 - pathlib costs milliseconds
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
        return file.read()
