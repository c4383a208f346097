"""Finds the modules of one of our packages by file name: the file's name is the rule's, format's or collector's."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

_PACKAGE_FOLDER = os.path.dirname(__file__)  # noqa: PTH120 - pathlib costs --help six milliseconds


def plugin_names(room: str) -> list[str]:
    """The names in a room (`rules`, `render`, `collect`), sorted, with hyphens where the files have underscores.

    Nothing is imported for it.
    """
    files = os.listdir(os.path.join(_PACKAGE_FOLDER, *room.split(".")))  # noqa: PTH118, PTH208 - as above
    return sorted(file[:-3].replace("_", "-") for file in files if file.endswith(".py") and file != "__init__.py")


def load_plugin(room: str, name: str) -> ModuleType:
    """The module of that name; names() says which there are."""
    return importlib.import_module(f"koding_audit.{room}.{name.replace('-', '_')}")
