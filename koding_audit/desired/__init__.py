"""Desired-state files -> Desired, with every item's file, line and column; whatever is not clear is refused.

Only the standard library is imported here: whoever just wants the schema pays for no YAML.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from koding_audit.model import Desired, Guards

VARIABLE = "KODING_AUDIT_FILE"
GUARDS = "guards.yaml"
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


def guards_beside(paths: Sequence[str]) -> Guards:
    """The guards beside files that were desired state once, as far as they are still there. Raises InputError."""
    from koding_audit.desired import guarding  # noqa: PLC0415 - see the module's docstring

    return guarding.guards_beside(paths)


def is_guards(path: str) -> bool:
    """Whether a file is guards, by its name, and so no desired state."""
    return os.path.basename(path) == GUARDS  # noqa: PTH119 - pathlib costs milliseconds


def schema() -> dict[str, Any]:
    """The format of the desired state as JSON Schema, draft-07."""
    return _read_schema("schema.json")


def guards_schema() -> dict[str, Any]:
    """The format of `guards.yaml`; a policy is written as in a desired state."""
    return {**_read_schema("guards.json"), "definitions": {"policy": schema()["definitions"]["policy"]}}


def starter() -> str:
    """A first desired-state file, with comments that teach the format."""
    return _text_of("starter.yaml")


def _read_schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_text_of(name))
    return loaded


def _text_of(name: str) -> str:
    path = os.path.join(os.path.dirname(__file__), name)  # noqa: PTH118, PTH120 - pathlib costs milliseconds
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
        return file.read()


def _packaged() -> str:
    from importlib.resources import files  # noqa: PLC0415 - only where there is no file of the user's own

    return str(files("koding_audit.policies").joinpath("koding.yaml"))
