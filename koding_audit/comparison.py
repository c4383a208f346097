"""Desired and live state side by side: what the rules look at, so that each rule is only its own question."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from koding_audit.model import (
    Account,
    Desired,
    DesiredGroup,
    DesiredUser,
    Kind,
    PolicyRef,
    PolicySet,
    Principal,
    Reference,
    Snapshot,
    key_of,
)

Declared = DesiredUser | DesiredGroup


@dataclass(frozen=True)
class Pair:
    """A declared principal and the live one, or None where there is none of that exact name.

    near: a live principal whose name differs in case only; IAM holds one of the two at most.
    """

    kind: Kind
    declared: Declared
    live: Principal | None
    near: Principal | None
    subject: str

    @property
    def label(self) -> str:
        """`group Developers`, as a message says it."""
        return f"{self.kind} {self.declared.name}"

    @property
    def fixable(self) -> bool:
        """Whether a call could mend it; not where its name is taken in another case."""
        return self.near is None


@dataclass(frozen=True)
class Comparison:
    """desired is bound to the snapshot's account (Desired.bind)."""

    desired: Desired
    snapshot: Snapshot

    @property
    def account(self) -> Account:
        return self.snapshot.account

    @functools.cached_property
    def users(self) -> tuple[tuple[Pair, DesiredUser], ...]:
        """Each declared user whose existence is known; one that could not be read is left to not-checked."""
        every = ((self._pair("user", user), user) for user in self.desired.users.values())
        return tuple((pair, user) for pair, user in every if pair is not None)

    @functools.cached_property
    def groups(self) -> tuple[tuple[Pair, DesiredGroup], ...]:
        """Each declared group whose existence is known."""
        every = ((self._pair("group", group), group) for group in self.desired.groups.values())
        return tuple((pair, group) for pair, group in every if pair is not None)

    @property
    def principals(self) -> tuple[Pair, ...]:
        """Groups, then users."""
        return tuple(pair for pair, _ in self.groups) + tuple(pair for pair, _ in self.users)

    def required(self, declared: Declared) -> Iterator[tuple[PolicySet, PolicyRef]]:
        """Each policy that a required set asks for, once, with the first set that does."""
        return self._policies(declared.required)

    def optional_sets(self, declared: Declared) -> Iterator[PolicySet]:
        return (self.desired.policy_sets[use.name] for use in declared.optional)

    def wanted_arns(self, declared: Declared) -> frozenset[str]:
        """Every policy that may be attached: of required and of optional sets."""
        both = self._policies(declared.required + declared.optional)
        return frozenset(ref.arn for _, ref in both)

    def declared_members(self, group: str) -> frozenset[str]:
        """The names of the users that are to be in a group."""
        return self._members.get(group, frozenset())

    def undeclared(self, kind: Kind) -> Iterator[Principal]:
        """Live principals that the desired state does not name, where all of the kind were read; not the ignored."""
        if kind not in self.snapshot.listed:
            return
        names = self.desired.users if kind == "user" else self.desired.groups
        declared = {key_of(kind, name) for name in names}
        for key, principal in self.snapshot.principals.items():
            if key[0] == kind and key not in declared and not self.ignored(kind, principal.name):
                yield principal

    def ignored(self, kind: Kind, name: str) -> bool:
        return any(each.kind == kind and matches(each.pattern, name) for each in self.desired.ignore)

    def subject(self, kind: Kind, name: str) -> str:
        """The ARN of a principal by name: the live one's, else the one it would have."""
        live = self.snapshot.principals.get(key_of(kind, name))
        if live is not None and live.name == name:
            return live.arn
        specs: dict[str, Declared] = {**(self.desired.users if kind == "user" else self.desired.groups)}
        path = specs[name].path if name in specs else None
        return self.account.arn(kind, name, path or "/")

    def _pair(self, kind: Kind, declared: Declared) -> Pair | None:
        if self.ignored(kind, declared.name):
            return None
        key = key_of(kind, declared.name)
        found = self.snapshot.principals.get(key)
        if found is None and key not in self.snapshot.absent and kind not in self.snapshot.listed:
            return None
        live = found if found is not None and found.name == declared.name else None
        near = found if live is None else None
        return Pair(kind, declared, live, near, self.subject(kind, declared.name))

    def _policies(self, uses: tuple[Reference, ...]) -> Iterator[tuple[PolicySet, PolicyRef]]:
        seen = set()
        for use in uses:
            policy_set = self.desired.policy_sets[use.name]
            for ref in policy_set.policies:
                if ref.arn not in seen:
                    seen.add(ref.arn)
                    yield policy_set, ref

    @functools.cached_property
    def _members(self) -> dict[str, frozenset[str]]:
        members: dict[str, set[str]] = {}
        for user in self.desired.users.values():
            for group in user.groups:
                members.setdefault(group.name, set()).add(user.name)
        return {group: frozenset(names) for group, names in members.items()}


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern of `ignore` or a waiver matches all of a text; only `*` is special."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
