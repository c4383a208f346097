"""Applies targets: the part of the desired state for an account, and the accounts of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from koding_audit.model.desired import Desired, DesiredGroup, DesiredRole, DesiredUser, Target, Waiver
from koding_audit.model.frozen import dataclass, replace


@dataclass(frozen=True, slots=True)
class TargetAccount:
    """An account of a run.

    account_id: its id.
    role: the path and name of the role to assume.
    external_id: the external id, "" for none.
    targets: the names of all targets that contain it.
    """

    account_id: str
    role: str
    external_id: str
    targets: frozenset[str]


class ConflictingRolesError(ValueError):
    """An account is in two targets with different roles or external ids.

    account_id: the account.
    one: the name of the first target.
    other: the name of the second target.
    """

    def __init__(self, account_id: str, one: str, other: str) -> None:
        super().__init__(account_id, one, other)
        self.account_id, self.one, self.other = account_id, one, other


def restrict_to_targets(desired: Desired, targets: Collection[str]) -> Desired:
    """Return the part of the desired state for an account in these targets.

    A user that is only a member of groups is declared if one of the groups is.
    """
    if not desired.targets:
        return desired

    def holds(each: DesiredGroup | DesiredUser | DesiredRole | Waiver) -> bool:
        return not each.targets or not set(targets).isdisjoint(each.targets)

    groups = {name: each for name, each in desired.groups.items() if holds(each)}
    users = {name: _keep_groups(each, groups) for name, each in desired.users.items() if holds(each)}
    return replace(
        desired,
        groups=groups,
        users=users,
        roles={name: each for name, each in desired.roles.items() if holds(each)},
        waivers=tuple(filter(holds, desired.waivers)),
        account_targets=tuple(sorted(targets)),
    )


def _keep_groups(user: DesiredUser, groups: Collection[str]) -> DesiredUser:
    """Return the user without groups that are not declared."""
    groups_left = tuple(group for group in user.groups if group.name in groups)
    return user if len(groups_left) == len(user.groups) else replace(user, groups=groups_left)


def target_accounts(targets: Iterable[Target], accounts: Mapping[str, Collection[str]]) -> tuple[TargetAccount, ...]:
    """Return each account of the targets once, sorted by id. Raises ConflictingRolesError.

    accounts: the account ids of each target, by its name.
    """
    found: dict[str, tuple[Target, set[str]]] = {}
    for target in targets:
        for account_id in sorted(set(accounts[target.name]) - target.exclude):
            first, names = found.setdefault(account_id, (target, set()))
            if (first.role, first.external_id) != (target.role, target.external_id):
                raise ConflictingRolesError(account_id, first.name, target.name)
            names.add(target.name)
    return tuple(
        TargetAccount(account_id, first.role, first.external_id, frozenset(names))
        for account_id, (first, names) in sorted(found.items())
    )


def shard_accounts(accounts: Sequence[TargetAccount], number: int, count: int) -> tuple[TargetAccount, ...]:
    """Return the accounts of one part of a run; the parts together have all accounts.

    number: the part, from 1.
    count: the number of parts.
    """
    return tuple(accounts[number - 1 :: count])
