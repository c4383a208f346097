"""Desired-state files -> Desired, with every item's file, line and column; whatever is not clear is refused.

Only the standard library is imported here: whoever just wants the schema pays for no YAML.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from koding_audit.model import Desired

VARIABLE = "KODING_AUDIT_FILE"
_USUAL = ("koding-audit.yaml", "policies/koding.yaml")


def load(paths: Sequence[str]) -> Desired:
    """One desired state from one or several files. Raises InputError: what is wrong, where, and what to do."""
    from koding_audit.desired import loading  # noqa: PLC0415 - see the module's docstring

    return loading.load(paths, schema())


def require(desired: Desired, sets: Sequence[str]) -> Desired:
    """The same with each optional use of these sets a required one (`--with SET`). Raises InputError."""
    from koding_audit.desired import requiring  # noqa: PLC0415 - see the module's docstring

    return requiring.require(desired, sets)


def said_path(environ: Mapping[str, str]) -> str | None:
    """The file that $KODING_AUDIT_FILE says: what writes wants it said, there or on the command line."""
    return environ.get(VARIABLE) or None


def default_path(environ: Mapping[str, str]) -> str:
    """The file to read where none is given: $KODING_AUDIT_FILE, ./koding-audit.yaml, ./policies/koding.yaml,
    else the copy of the latter that is in the package.

    A file that is there and cannot be read is an error for `load` to tell, not a reason to take the next.
    """
    found = (path for path in _USUAL if os.path.lexists(path))
    return said_path(environ) or next(found, None) or _packaged()


def schema() -> dict[str, Any]:
    """The format as JSON Schema, draft-07."""
    path = os.path.join(os.path.dirname(__file__), "schema.json")  # noqa: PTH118, PTH120 - pathlib costs milliseconds
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
        loaded: dict[str, Any] = json.load(file)
    return loaded


def _packaged() -> str:
    from importlib.resources import files  # noqa: PLC0415 - only where there is no file of the user's own

    return str(files("koding_audit.policies").joinpath("koding.yaml"))
