"""Loads desired-state files: every item has its file, line and column, and ambiguous input is an error.

Only the standard library is imported here: reading the schema does not load YAML.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from koding_audit.desired.paths import (
    FILE_VARIABLE,
    GUARDS_FILE,
    default_desired_path,
    environment_path,
    is_guards_file,
)
from koding_audit.desired.resources import desired_schema, guards_schema, starter_text

if TYPE_CHECKING:
    from koding_audit.model.desired import Desired, Guards

__all__ = (
    "FILE_VARIABLE",
    "GUARDS_FILE",
    "default_desired_path",
    "desired_schema",
    "environment_path",
    "guards_schema",
    "is_guards_file",
    "load_desired",
    "load_guards_beside",
    "require_sets",
    "starter_text",
)


def load_desired(paths: Sequence[str]) -> Desired:
    """Load one desired state from one or several files. Raises InputError."""
    from koding_audit.desired import loader  # noqa: PLC0415 - see the module's docstring

    return loader.load_desired_files(paths, desired_schema())


def require_sets(desired: Desired, sets: Sequence[str]) -> Desired:
    """Make each optional use of these sets a required one (`--with SET`). Raises InputError."""
    from koding_audit.desired import optional_sets  # noqa: PLC0415 - see the module's docstring

    return optional_sets.require_optional_sets(desired, sets)


def load_guards_beside(paths: Sequence[str]) -> Guards:
    """Load the guards beside these files; the files may be missing, their folders not. Raises InputError."""
    from koding_audit.desired import guards_file  # noqa: PLC0415 - see the module's docstring

    return guards_file.read_guards_beside(paths)
