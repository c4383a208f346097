"""The default path of the desired-state file, and the name of guards files."""

from __future__ import annotations

import os
from collections.abc import Mapping

FILE_VARIABLE = "KODING_AUDIT_FILE"
GUARDS_FILE = "guards.yaml"
_DEFAULT_PATHS = ("koding-audit.yaml", "policies/koding.yaml")


def environment_path(environ: Mapping[str, str]) -> str | None:
    """The file in $KODING_AUDIT_FILE; None without it. A write needs a file from there or from the command line."""
    return environ.get(FILE_VARIABLE) or None


def default_desired_path(environ: Mapping[str, str]) -> str:
    """The default file: $KODING_AUDIT_FILE, ./koding-audit.yaml, ./policies/koding.yaml, or its copy in the package.

    A file that exists but cannot be read is not skipped: loading it raises the error.
    """
    found = (path for path in _DEFAULT_PATHS if os.path.lexists(path))
    return environment_path(environ) or next(found, None) or _packaged_path()


def is_guards_file(path: str) -> bool:
    """Whether a file is a guards file, by its name, and not a desired state."""
    return os.path.basename(path) == GUARDS_FILE  # noqa: PTH119 - pathlib costs milliseconds


def _packaged_path() -> str:
    from importlib.resources import files  # noqa: PLC0415 - only where there is no file of the user's own

    return str(files("koding_audit.policies").joinpath("koding.yaml"))
