"""Implements `--with SET`: an optional set counts as required in this run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from koding_audit.desired.guards_file import forbidden_policy_error
from koding_audit.desired.messages import nearest_hint
from koding_audit.io.text import quote_text
from koding_audit.model.desired import Desired, DesiredGroup, DesiredRole, DesiredUser
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace

_DesiredT = TypeVar("_DesiredT", DesiredGroup, DesiredUser, DesiredRole)


def require_optional_sets(desired: Desired, sets: Sequence[str]) -> Desired:
    """Make each optional use of these sets a required one (`--with SET`). Raises InputError."""
    for name in sets:
        if name not in desired.policy_sets:
            raise InputError(
                f"policy set {quote_text(name)} is not declared", nearest_hint(name, desired.policy_sets, "policy sets")
            )
    if not sets:
        return desired
    required = replace(
        desired,
        groups={name: move_to_required(group, sets) for name, group in desired.groups.items()},
        users={name: move_to_required(user, sets) for name, user in desired.users.items()},
        roles={name: move_to_required(role, sets) for name, role in desired.roles.items()},
        enabled_sets=tuple(sorted({*desired.enabled_sets, *sets})),
    )
    refusal = forbidden_policy_error(required)
    if refusal:
        raise refusal
    return required


def move_to_required(declared: _DesiredT, sets: Sequence[str]) -> _DesiredT:
    """Make the optional uses of these sets required for one principal."""
    moved = tuple(use for use in declared.optional if use.name in sets)
    if not moved:
        return declared
    optional = tuple(use for use in declared.optional if use.name not in sets)
    return replace(declared, required=declared.required + moved, optional=optional)
