"""`--with SET`: an optional set that counts as required in this run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from koding_audit.desired.guarding import forbidden
from koding_audit.desired.wording import nearest, shown
from koding_audit.errors import InputError
from koding_audit.frozen import replace
from koding_audit.model import Desired, DesiredGroup, DesiredRole, DesiredUser

_Declared = TypeVar("_Declared", DesiredGroup, DesiredUser, DesiredRole)


def require(desired: Desired, sets: Sequence[str]) -> Desired:
    """The same with each optional use of these sets a required one (`--with SET`). Raises InputError."""
    for name in sets:
        if name not in desired.policy_sets:
            raise InputError(f"there is no policy set {shown(name)}", nearest(name, desired.policy_sets, "policy sets"))
    if not sets:
        return desired
    required = replace(
        desired,
        groups={name: requiring(group, sets) for name, group in desired.groups.items()},
        users={name: requiring(user, sets) for name, user in desired.users.items()},
        roles={name: requiring(role, sets) for name, role in desired.roles.items()},
    )
    refusal = forbidden(required)
    if refusal:
        raise refusal
    return required


def requiring(declared: _Declared, sets: Sequence[str]) -> _Declared:
    """With its optional uses of these sets required."""
    moved = tuple(use for use in declared.optional if use.name in sets)
    if not moved:
        return declared
    kept = tuple(use for use in declared.optional if use.name not in sets)
    return replace(declared, required=declared.required + moved, optional=kept)
