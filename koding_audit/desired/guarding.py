"""`guards.yaml`, beside the desired state and with an owner of its own: who is protected, and what is forbidden."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, cast

from koding_audit.arns import policy_name, same_policy
from koding_audit.desired import GUARDS, guards_schema
from koding_audit.desired.building import policy_arn
from koding_audit.desired.nodes import File, ScalarNode
from koding_audit.desired.reading import read
from koding_audit.desired.values import value
from koding_audit.desired.wording import place, shown
from koding_audit.errors import InputError
from koding_audit.model import (
    Desired,
    DesiredGroup,
    DesiredRole,
    DesiredUser,
    Guards,
    Kind,
    PolicyRef,
    PolicySet,
    PrincipalKey,
    Reference,
    key_of,
)

_Key = TypeVar("_Key")


def guards_beside(paths: Sequence[str]) -> Guards:
    """The guards in the folders of these files, added up; none where there are none. Raises InputError."""
    folders = dict.fromkeys(str(Path(path).parent / GUARDS) for path in paths)
    # What is there and cannot be read is told by reading it: guards are never passed over.
    files = {file.identity: file for file in (_fitting(each) for each in folders if os.path.lexists(each))}
    return _added_up(tuple(files.values()))


def forbidden(desired: Desired) -> InputError | None:
    """The first policy that somebody requires and a guard forbids, with both places."""
    if not desired.guards.forbidden:
        return None
    for policy_set in _required(desired):
        for ref in policy_set.policies:
            for guard in desired.guards.forbidden:
                if same_policy(ref.arn, guard.arn):
                    message = f"policy {shown(policy_name(ref.arn))} is forbidden at {place(guard.source)}"
                    hint = "take it out of the set; only the owner of that file can allow it"
                    return InputError(message, hint, ref.source)
    return None


def _required(desired: Desired) -> Iterator[PolicySet]:
    everybody: tuple[DesiredGroup | DesiredUser | DesiredRole, ...]
    everybody = (*desired.groups.values(), *desired.users.values(), *desired.roles.values())
    names = dict.fromkeys(use.name for each in everybody for use in each.required)
    return (desired.policy_sets[name] for name in names if name in desired.policy_sets)


def _fitting(path: str) -> File:
    from jsonschema import Draft7Validator  # noqa: PLC0415 - slow to load, and few have guards

    file, schema = read(path), guards_schema()
    plain = value(file.root, schema, schema)
    if not Draft7Validator(schema).is_valid(plain):
        from koding_audit.desired.explaining import explain  # noqa: PLC0415 - as above

        raise explain(file.root, plain, schema)
    return file


def _added_up(files: Sequence[File]) -> Guards:
    protected: dict[PrincipalKey, Reference] = {}
    policies_forbidden: list[PolicyRef] = []
    for file in files:
        principals = [(_principal(each), each) for each in file.root.scalars("protected")]
        policies = [(policy_arn(each.value), each) for each in file.root.scalars("forbidden")]
        _refuse_twice(principals)
        _refuse_twice((policy_name(arn).casefold(), each) for arn, each in policies)
        for key, each in principals:
            protected.setdefault(key, Reference(each.value, each.source))
        policies_forbidden += [PolicyRef(arn, each.source) for arn, each in policies]
    limits = [(int(each.value), each.source) for file in files for each in [file.root.scalar("max_changes")] if each]
    return Guards(tuple(file.read for file in files), protected, tuple(policies_forbidden), min(limits, default=None))


def _principal(scalar: ScalarNode) -> PrincipalKey:
    kind, _, name = scalar.value.partition("/")
    return key_of(cast("Kind", kind), name)


def _refuse_twice(entries: Iterable[tuple[_Key, ScalarNode]]) -> None:
    seen: dict[_Key, ScalarNode] = {}
    for key, scalar in entries:
        first = seen.setdefault(key, scalar)
        if first is not scalar:
            message = f"{shown(scalar.value)} stands here twice, first at {place(first.source)}"
            raise InputError(message, "leave one of the two", scalar.source)
