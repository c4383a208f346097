"""Desired and live state side by side: what the rules look at, so that each rule is only its own question."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass as open_dataclass

from koding_audit.model.account import NAME_PARAMETERS, Account, PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.arn import SERVICE_LINKED, arn_account, arn_partition, is_reserved_path, policy_name
from koding_audit.model.desired import (
    Boundary,
    Desired,
    DesiredGroup,
    DesiredRole,
    DesiredUser,
    PolicyRef,
    PolicySet,
    Waiver,
)
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Reference
from koding_audit.model.snapshot import AccessKey, Credentials, Principal, Snapshot
from koding_audit.model.wildcard import matches_wildcard

DesiredPrincipal = DesiredUser | DesiredGroup | DesiredRole


@dataclass(frozen=True, slots=True)
class Pair:
    """A declared principal and the live one, or None where there is none of that exact name.

    near: a live principal whose name differs in case only; IAM holds one of the two at most.
    """

    kind: PrincipalKind
    declared: DesiredPrincipal
    live: Principal | None
    case_variant: Principal | None
    subject: str

    @property
    def label(self) -> str:
        """`group Developers`, as a message says it."""
        return f"{self.kind} {self.declared.name}"

    @property
    def name_parameter(self) -> dict[str, str]:
        """The parameter by which IAM's actions name it: `{"GroupName": "Developers"}`."""
        return {NAME_PARAMETERS[self.kind]: self.declared.name}

    @property
    def attached(self) -> frozenset[str] | None:
        """ARNs attached to it: none where it is missing; None where they were not read."""
        return self.live.attached if self.live else frozenset()

    @property
    def boundary(self) -> Boundary | None:
        """What is said of its boundary; a group has none."""
        return None if isinstance(self.declared, DesiredGroup) else self.declared.boundary

    @property
    def needs_boundary(self) -> bool:
        """Whether it is missing and may exist only within a boundary, which this tool never writes."""
        return self.live is None and self.boundary is not None and self.boundary.policy is not None

    @property
    def is_fixable(self) -> bool:
        """Whether a call could mend it.

        Not where its name is taken in another case, or it cannot be created; and never what AWS makes and changes.
        """
        missing_role = self.kind == "role" and self.live is None
        reserved = self.live is not None and self.kind == "role" and is_reserved_path(self.live.path)
        return self.case_variant is None and not self.needs_boundary and not missing_role and not reserved


@open_dataclass(frozen=True)
class Comparison:
    """desired is bound to the snapshot's account (Desired.bind).

    unused: the waivers that fit nothing; the scanner knows them when the other rules have run.
    """

    desired: Desired
    snapshot: Snapshot
    unused_waivers: tuple[Waiver, ...] = ()

    @property
    def account(self) -> Account:
        return self.snapshot.account

    @functools.cached_property
    def users(self) -> tuple[tuple[Pair, DesiredUser], ...]:
        """Each declared user whose existence is known; one that could not be read is left to not-checked."""
        every = ((self._make_pair("user", user), user) for user in self.desired.users.values())
        return tuple((pair, user) for pair, user in every if pair is not None)

    @functools.cached_property
    def groups(self) -> tuple[tuple[Pair, DesiredGroup], ...]:
        """Each declared group whose existence is known."""
        every = ((self._make_pair("group", group), group) for group in self.desired.groups.values())
        return tuple((pair, group) for pair, group in every if pair is not None)

    @functools.cached_property
    def roles(self) -> tuple[tuple[Pair, DesiredRole], ...]:
        """Each declared role whose existence is known."""
        every = ((self._make_pair("role", role), role) for role in self.desired.roles.values())
        return tuple((pair, role) for pair, role in every if pair is not None)

    @functools.cached_property
    def principals(self) -> tuple[Pair, ...]:
        """Groups, then users, then roles."""
        return tuple(pair for pair, _ in (*self.groups, *self.users, *self.roles))

    def declared_principals(self) -> Iterator[tuple[PrincipalKind, DesiredPrincipal]]:
        """Each declared group, user and role that is not ignored, whether its live state is known or not."""
        for kind, those in _desired_by_kind(self.desired).items():
            yield from ((kind, each) for each in those.values() if not self.is_ignored(kind, each.name))

    def required_policies(self, declared: DesiredPrincipal) -> Iterator[tuple[PolicySet, PolicyRef]]:
        """Each policy that a required set asks for, once, with the first set that does."""
        return self._policies_of_uses(declared.required)

    def expected_policies(self, declared: DesiredPrincipal) -> Iterator[tuple[PolicySet, PolicyRef]]:
        """Each policy that may be attached, of required and optional sets, once, with the first set that names it."""
        return self._policies_of_uses(declared.required + declared.optional)

    def optional_sets(self, declared: DesiredPrincipal) -> Iterator[tuple[Reference, list[str]]]:
        """Each use of an optional set, with the ARNs of it that no required set of the same principal asks for."""
        required = {ref.arn for _, ref in self.required_policies(declared)}
        for use in declared.optional:
            policies = self.desired.policy_sets[use.name].policies
            yield use, [ref.arn for ref in policies if ref.arn not in required]

    def attach_obstacle(self, arn: str) -> str:
        """Why a policy cannot be attached in this account, as a message says it; "" where nothing speaks against it.

        A policy that was not looked up has no obstacle but what its ARN shows.
        """
        partition, account = arn_partition(arn), arn_account(arn)
        if partition != self.account.partition:
            return f"is of partition {partition}, and this account is of {self.account.partition}"
        if account not in {"aws", self.account.id}:
            return f"is of account {account}, and this is {self.account.id}"
        if account == "aws" and policy_name(arn).startswith(SERVICE_LINKED):
            return "is for service-linked roles only"
        policies = self.snapshot.policies
        if arn not in policies:
            return self._not_found_text(arn) if self.snapshot.policies_listed else ""
        policy = policies[arn]
        if policy is None:
            return "" if arn in self.policies_with_documents else self._not_found_text(arn)
        return "" if policy.attachable else "is deprecated: AWS lets nobody attach it any more"

    @functools.cached_property
    def policies_with_documents(self) -> Mapping[str, tuple[PolicySet, PolicyRef]]:
        """The account's own policies of which the desired state says what they hold, by ARN, with the first set."""
        return self._first_refs(lambda ref: ref.document is not None and arn_account(ref.arn) == self.account.id)

    @functools.cached_property
    def pinned_policies(self) -> Mapping[str, tuple[PolicySet, PolicyRef]]:
        """The policies that are pinned to a version, by ARN, with the first set that names each."""
        return self._first_refs(lambda ref: bool(ref.version))

    @functools.cached_property
    def policies_to_create(self) -> tuple[tuple[PolicySet, PolicyRef], ...]:
        """The account's own policies that a required set writes out and that are not there."""
        required = {
            ref.arn for _, declared in self.declared_principals() for _, ref in self.required_policies(declared)
        }
        policies = self.snapshot.policies
        return tuple(
            each
            for arn, each in self.policies_with_documents.items()
            if arn in required and arn in policies and policies[arn] is None
        )

    def is_member(self, user: Pair, group: str) -> bool | None:
        """Whether a declared user is in a group, by the user's list or else the group's; None where that was not read.

        Case is ignored: a group that is there in another case is for group-missing to tell, once.
        """
        if user.live is None:
            return False
        if user.live.groups is not None:
            return group.casefold() in {name.casefold() for name in user.live.groups}
        key = principal_key("group", group)
        found = self.snapshot.principals.get(key)
        if found is not None and found.members is not None:
            return user.live.name in found.members
        return False if self._is_absent(key) else None

    def find_group(self, name: str) -> Pair | None:
        """The declared group of that exact name; None where its existence is unknown."""
        return self._groups_by_name.get(name)

    def declared_members(self, group: str) -> frozenset[str]:
        """The names, casefolded, of the users that are to be in a group."""
        return self._members_by_group.get(group, frozenset())

    def credentials_of(self, user: Pair) -> Credentials:
        """What a live user can sign in with; all unread where the user is missing."""
        found = self.snapshot.credentials.get(user.declared.name.casefold()) if user.live else None
        return found or Credentials()

    def active_keys(self, user: Pair) -> tuple[tuple[str, AccessKey], ...] | None:
        """A user's active access keys, oldest first, each with its last four characters; None where they were not read.

        A second key that ends in the same four is told apart: `ABCD`, `ABCD-2`.
        """
        keys = self.named_keys(user.declared.name) if user.live else None
        return None if keys is None else tuple((name, key) for name, key in keys if key.active)

    def named_keys(self, user: str) -> tuple[tuple[str, AccessKey], ...] | None:
        """All access keys of a user by name, in the same way, whether anybody declares the user or not."""
        found = self.snapshot.credentials.get(user.casefold())
        keys = found.keys if found else None
        if keys is None:
            return None
        named: dict[str, AccessKey] = {}
        for key in sorted(keys, key=lambda key: (key.created, key.suffix)):
            same = sum(each.suffix == key.suffix for each in named.values())
            named[f"{key.suffix}-{same + 1}" if same else key.suffix] = key
        return tuple(named.items())

    def undeclared_principals(self, kind: PrincipalKind) -> Iterator[Principal]:
        """Live principals that the desired state does not name, where all of the kind were read; not the ignored."""
        if kind not in self.snapshot.listed:
            return
        declared = {principal_key(kind, name) for name in _desired_by_kind(self.desired)[kind]}
        for key, principal in self.snapshot.principals.items():
            if key[0] == kind and key not in declared and not self.is_ignored(kind, principal.name):
                yield principal

    def is_ignored(self, kind: PrincipalKind, name: str) -> bool:
        return is_ignored(self.desired, kind, name)

    def principal_arn(self, kind: PrincipalKind, name: str) -> str:
        """The ARN of a principal by name: the live one's, else the one it would have."""
        live = self.snapshot.principals.get(principal_key(kind, name))
        if live is not None and live.name == name:
            return live.arn
        declared = _desired_by_kind(self.desired)[kind].get(name)
        path = declared.path if declared else None
        return self.account.arn(kind, name, path or "/")

    def _make_pair(self, kind: PrincipalKind, declared: DesiredPrincipal) -> Pair | None:
        if self.is_ignored(kind, declared.name):
            return None
        key = principal_key(kind, declared.name)
        found = self.snapshot.principals.get(key)
        if found is None and not self._is_absent(key):
            return None
        live = found if found is not None and found.name == declared.name else None
        near = found if live is None else None
        return Pair(kind, declared, live, near, live.arn if live else self.principal_arn(kind, declared.name))

    def _is_absent(self, key: PrincipalKey) -> bool:
        """Whether a principal is known not to be there, in whatever case."""
        snapshot = self.snapshot
        return key not in snapshot.principals and (key in snapshot.absent or key[0] in snapshot.listed)

    def _first_refs(self, chosen: Callable[[PolicyRef], bool]) -> Mapping[str, tuple[PolicySet, PolicyRef]]:
        found: dict[str, tuple[PolicySet, PolicyRef]] = {}
        for policy_set in self.desired.policy_sets.values():
            for ref in filter(chosen, policy_set.policies):
                found.setdefault(ref.arn, (policy_set, ref))
        return found

    def _not_found_text(self, arn: str) -> str:
        name = policy_name(arn)
        if arn_account(arn) != "aws":
            return f"does not exist in account {self.account.id}"
        hint = "" if "/" in name else "; one that has a path is written with it, as in job-function/Billing"
        return f"does not exist in partition {self.account.partition}{hint}"

    def _policies_of_uses(self, uses: tuple[Reference, ...]) -> Iterator[tuple[PolicySet, PolicyRef]]:
        seen = set()
        for use in uses:
            policy_set = self.desired.policy_sets[use.name]
            for ref in policy_set.policies:
                if ref.arn not in seen:
                    seen.add(ref.arn)
                    yield policy_set, ref

    @functools.cached_property
    def _groups_by_name(self) -> dict[str, Pair]:
        return {group.name: pair for pair, group in self.groups}

    @functools.cached_property
    def _members_by_group(self) -> dict[str, frozenset[str]]:
        members: dict[str, set[str]] = {}
        for user in self.desired.users.values():
            for group in user.groups:
                members.setdefault(group.name, set()).add(user.name.casefold())
        return {group: frozenset(names) for group, names in members.items()}


def is_ignored(desired: Desired, kind: PrincipalKind, name: str) -> bool:
    return bool(desired.ignore) and any(
        each.kind == kind and matches_wildcard(each.pattern, name) for each in desired.ignore
    )


def _desired_by_kind(desired: Desired) -> Mapping[PrincipalKind, Mapping[str, DesiredPrincipal]]:
    return {"group": desired.groups, "user": desired.users, "role": desired.roles}
