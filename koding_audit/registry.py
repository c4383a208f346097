"""Finds the modules of one of our packages by file name: the file's name is the rule's, format's or collector's."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).parent


def names(room: str) -> list[str]:
    """The names in a room (`rules`, `render`, `collect`), sorted, with hyphens where the files have underscores.

    Nothing is imported for it.
    """
    found = pkgutil.iter_modules([str(PACKAGE / room)])
    return sorted(module.name.replace("_", "-") for module in found)


def load(room: str, name: str) -> ModuleType:
    """The module of that name; names() says which there are."""
    return importlib.import_module(f"koding_audit.{room}.{name.replace('-', '_')}")
