"""Finds plug-ins by file name: rules, formats, sources, commands, exports, engines and receivers."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

_PACKAGE_FOLDER = os.path.dirname(__file__)  # noqa: PTH120 - pathlib costs --help six milliseconds


def plugin_names(package: str) -> list[str]:
    """The names of the plug-ins in a package (`scan.rules`), sorted, with hyphens instead of underscores.

    No plug-in is imported.
    """
    files = os.listdir(os.path.join(_PACKAGE_FOLDER, *package.split(".")))  # noqa: PTH118, PTH208 - as above
    return sorted(file[:-3].replace("_", "-") for file in files if file.endswith(".py") and file != "__init__.py")


def load_plugin(package: str, name: str) -> ModuleType:
    """The module of a plug-in, imported; `plugin_names` lists the names."""
    return importlib.import_module(f"koding_audit.{package}.{name.replace('-', '_')}")
