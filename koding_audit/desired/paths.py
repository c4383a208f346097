"""Which desired-state file is read where none is given, and which files are guards, by their names."""

from __future__ import annotations

import os
from collections.abc import Mapping

FILE_VARIABLE = "KODING_AUDIT_FILE"
GUARDS_FILE = "guards.yaml"
_DEFAULT_PATHS = ("koding-audit.yaml", "policies/koding.yaml")


def environment_path(environ: Mapping[str, str]) -> str | None:
    """The file that $KODING_AUDIT_FILE says: what writes wants it said, there or on the command line."""
    return environ.get(FILE_VARIABLE) or None


def default_desired_path(environ: Mapping[str, str]) -> str:
    """The file to read where none is given: $KODING_AUDIT_FILE, ./koding-audit.yaml, ./policies/koding.yaml,
    else the copy of the latter that is in the package.

    A file that is there and cannot be read is an error for `load` to tell, not a reason to take the next.
    """
    found = (path for path in _DEFAULT_PATHS if os.path.lexists(path))
    return environment_path(environ) or next(found, None) or _packaged_path()


def is_guards_file(path: str) -> bool:
    """Whether a file is guards, by its name, and so no desired state."""
    return os.path.basename(path) == GUARDS_FILE  # noqa: PTH119 - pathlib costs milliseconds


def _packaged_path() -> str:
    from importlib.resources import files  # noqa: PLC0415 - only where there is no file of the user's own

    return str(files("koding_audit.policies").joinpath("koding.yaml"))
