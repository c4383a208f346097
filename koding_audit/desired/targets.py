"""Desired state and targets: what of it holds in an account, and which accounts a run looks at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from koding_audit.model.desired import Desired, DesiredGroup, DesiredRole, DesiredUser, Target, Waiver
from koding_audit.model.frozen import dataclass, replace


@dataclass(frozen=True, slots=True)
class TargetAccount:
    """An account of a run. role: its path and name; targets: the names of all targets that it is in."""

    account_id: str
    role: str
    external_id: str
    targets: frozenset[str]


class ConflictingRolesError(ValueError):
    """An account is in two targets that reach it by different roles: `account_id`, and the targets' names."""

    def __init__(self, account_id: str, one: str, other: str) -> None:
        super().__init__(account_id, one, other)
        self.account_id, self.one, self.other = account_id, one, other


def restrict_to_targets(desired: Desired, targets: Collection[str]) -> Desired:
    """The desired state as it holds in an account of these targets.

    Whoever is only a member of groups is declared where one of them is.
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
    )


def _keep_groups(user: DesiredUser, groups: Collection[str]) -> DesiredUser:
    """The user as a member of those of its groups that are declared."""
    kept = tuple(group for group in user.groups if group.name in groups)
    return user if len(kept) == len(user.groups) else replace(user, groups=kept)


def target_accounts(targets: Iterable[Target], accounts: Mapping[str, Collection[str]]) -> tuple[TargetAccount, ...]:
    """Each account of the targets once, by its id. accounts: of each target, by its name, the ids that are in it.

    Raises TwoRolesError.
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
    """The accounts of one of so many parts of a run; number counts from 1. All parts together are all accounts."""
    return tuple(accounts[number - 1 :: count])
