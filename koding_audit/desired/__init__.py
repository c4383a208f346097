"""Desired-state files -> Desired, with every item's file, line and column; whatever is not clear is refused.

Only the standard library is imported here: whoever just wants the schema pays for no YAML.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from koding_audit.errors import InputError
from koding_audit.model import Desired, DesiredGroup, DesiredUser

VARIABLE = "KODING_AUDIT_FILE"
_USUAL = ("./koding-audit.yaml", "./policies/koding.yaml")

_Declared = TypeVar("_Declared", DesiredGroup, DesiredUser)


def load(paths: Sequence[str]) -> Desired:
    """One desired state from one or several files. Raises InputError: what is wrong, where, and what to do."""
    from koding_audit.desired import loading  # noqa: PLC0415 - see the module's docstring

    return loading.load(paths, schema())


def require(desired: Desired, sets: Sequence[str]) -> Desired:
    """The same with each optional use of these sets a required one (`--with SET`). Raises InputError."""
    from koding_audit.desired.wording import nearest, shown  # noqa: PLC0415

    for name in sets:
        if name not in desired.policy_sets:
            raise InputError(f"there is no policy set {shown(name)}", nearest(name, desired.policy_sets, "policy sets"))
    if not sets:
        return desired
    return replace(
        desired,
        groups={name: _requiring(group, sets) for name, group in desired.groups.items()},
        users={name: _requiring(user, sets) for name, user in desired.users.items()},
    )


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
    content = Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(content)
    return loaded


def _requiring(declared: _Declared, sets: Sequence[str]) -> _Declared:
    moved = tuple(use for use in declared.optional if use.name in sets)
    if not moved:
        return declared
    kept = tuple(use for use in declared.optional if use.name not in sets)
    return replace(declared, required=declared.required + moved, optional=kept)


def _packaged() -> str:
    from importlib.resources import files  # noqa: PLC0415 - only where there is no file of the user's own

    return str(files("koding_audit.policies").joinpath("koding.yaml"))
