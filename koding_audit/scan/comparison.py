"""Desired and live state side by side: the queries that rules make."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass as open_dataclass
from typing import TYPE_CHECKING

from koding_audit.model.account import NAME_PARAMETERS, Account, PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.arn import arn_account, arn_partition, policy_name
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
from koding_audit.reference.deprecated import DeprecatedPolicies, load_deprecated_policies
from koding_audit.reference.reserved import ReservedNames, load_reserved_names

if TYPE_CHECKING:
    from koding_audit.policy.permissions import Permissions

DesiredPrincipal = DesiredUser | DesiredGroup | DesiredRole


@dataclass(frozen=True, slots=True)
class Pair:
    """A declared principal and its live state.

    live: None if no principal has that exact name.
    case_variant: a live principal whose name differs in case only; IAM allows only one of the two.
    subject: the ARN that findings name.
    is_reserved: whether it is a live role that belongs to an AWS service or to Identity Center.
    is_for_other_tool: whether another tool creates it if it is missing, which can set its boundary.
    """

    kind: PrincipalKind
    declared: DesiredPrincipal
    live: Principal | None
    case_variant: Principal | None
    subject: str
    is_reserved: bool = False
    is_for_other_tool: bool = False

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
        """The attached ARNs: empty if the principal is missing; None if they were not read."""
        return self.live.attached if self.live else frozenset()

    @property
    def boundary(self) -> Boundary | None:
        """The declared boundary; None if the file declares none. A group has none."""
        return None if isinstance(self.declared, DesiredGroup) else self.declared.boundary

    @property
    def needs_boundary(self) -> bool:
        """Whether it is missing and declares a boundary, which this tool never writes."""
        has_boundary = self.boundary is not None and self.boundary.policy is not None
        return self.live is None and has_boundary and not self.is_for_other_tool

    @property
    def is_fixable(self) -> bool:
        """Whether an IAM write could fix it.

        False if its name is taken in another case, if it cannot be created, or if AWS manages it.
        """
        missing_role = self.kind == "role" and self.live is None
        return self.case_variant is None and not self.needs_boundary and not missing_role and not self.is_reserved


@open_dataclass(frozen=True)
class Comparison:
    """The desired state, bound to the snapshot's account (Desired.bind), and the snapshot.

    unused_waivers: the waivers that match no finding; known after the other rules were evaluated.
    for_other_tools: the principals that another tool creates if they are missing, with their boundary.
    """

    desired: Desired
    snapshot: Snapshot
    unused_waivers: tuple[Waiver, ...] = ()
    for_other_tools: frozenset[PrincipalKey] = frozenset()

    @property
    def account(self) -> Account:
        return self.snapshot.account

    @functools.cached_property
    def permissions(self) -> Permissions:
        """What the live principals may do, with the desired state's strictness."""
        from koding_audit.policy.permissions import Permissions  # noqa: PLC0415 - a file without actions does not need the evaluator

        return Permissions(self.snapshot, strict=self.desired.strict)

    @functools.cached_property
    def users(self) -> tuple[tuple[Pair, DesiredUser], ...]:
        """Each declared user that is known to exist or not; not-checked reports one that could not be read."""
        every = ((self._make_pair("user", user), user) for user in self.desired.users.values())
        return tuple((pair, user) for pair, user in every if pair is not None)

    @functools.cached_property
    def groups(self) -> tuple[tuple[Pair, DesiredGroup], ...]:
        """Each declared group that is known to exist or not."""
        every = ((self._make_pair("group", group), group) for group in self.desired.groups.values())
        return tuple((pair, group) for pair, group in every if pair is not None)

    @functools.cached_property
    def roles(self) -> tuple[tuple[Pair, DesiredRole], ...]:
        """Each declared role that is known to exist or not."""
        every = ((self._make_pair("role", role), role) for role in self.desired.roles.values())
        return tuple((pair, role) for pair, role in every if pair is not None)

    @functools.cached_property
    def principals(self) -> tuple[Pair, ...]:
        """Groups, then users, then roles."""
        return tuple(pair for pair, _ in (*self.groups, *self.users, *self.roles))

    @functools.cached_property
    def declared_principals(self) -> tuple[tuple[PrincipalKind, DesiredPrincipal], ...]:
        """Each declared group, user and role that is not ignored, whether its live state is known or not."""
        every = ((kind, each) for kind, those in _desired_by_kind(self.desired).items() for each in those.values())
        if not self.desired.ignore:
            return tuple(every)
        return tuple((kind, each) for kind, each in every if not self.is_ignored(kind, each.name))

    def required_policies(self, declared: DesiredPrincipal) -> Iterator[tuple[PolicySet, PolicyRef]]:
        """Each policy of a required set, once, with the first set that contains it."""
        return self._policies_of_uses(declared.required)

    def expected_policies(self, declared: DesiredPrincipal) -> Iterator[tuple[PolicySet, PolicyRef]]:
        """Each policy of a required or optional set, once, with the first set that contains it."""
        return self._policies_of_uses(declared.required + declared.optional)

    def optional_sets(self, declared: DesiredPrincipal) -> Iterator[tuple[Reference, list[str]]]:
        """Each use of an optional set, with its ARNs that no required set of the same principal contains."""
        if not declared.optional:
            return
        required = {ref.arn for _, ref in self.required_policies(declared)}
        for use in declared.optional:
            policies = self.desired.policy_sets[use.name].policies
            yield use, [ref.arn for ref in policies if ref.arn not in required]

    def attach_obstacle(self, arn: str) -> str:
        """Why a policy cannot be attached in this account, as a clause of a message; "" if it can.

        A policy that was not read has only the obstacles that its ARN shows.
        """
        partition, account = arn_partition(arn), arn_account(arn)
        if partition != self.account.partition:
            return f"is of partition {partition}; this account is of partition {self.account.partition}"
        if account not in {"aws", self.account.id}:
            return f"is of account {account}; this is account {self.account.id}"
        if account == "aws" and self.reserved_names.is_for_service_linked_roles(policy_name(arn)):
            return "is for service-linked roles only"
        policies = self.snapshot.policies
        if arn not in policies:
            return self._not_found_text(arn) if self.snapshot.policies_listed else ""
        policy = policies[arn]
        if policy is None:
            return "" if arn in self.policies_with_documents else self._not_found_text(arn)
        return "" if policy.attachable else "is deprecated: AWS no longer allows it to be attached"

    def is_unattachable_again(self, arn: str) -> bool:
        """Whether a policy that is attached could not be attached again.

        What IAM says decides. If it was not read, the data about deprecated policies do.
        """
        if self.attach_obstacle(arn):
            return True
        return self.snapshot.policies.get(arn) is None and arn in self.deprecated_policies

    @functools.cached_property
    def reserved_names(self) -> ReservedNames:
        """The names and paths that AWS reserves for its own roles."""
        return load_reserved_names()

    @functools.cached_property
    def deprecated_policies(self) -> DeprecatedPolicies:
        """The AWS managed policies that are known to be deprecated."""
        return load_deprecated_policies()

    @functools.cached_property
    def policies_with_documents(self) -> Mapping[str, tuple[PolicySet, PolicyRef]]:
        """The customer managed policies whose document the file contains, by ARN, each with its first set."""
        return self._first_refs(lambda ref: ref.document is not None and arn_account(ref.arn) == self.account.id)

    @functools.cached_property
    def pinned_policies(self) -> Mapping[str, tuple[PolicySet, PolicyRef]]:
        """The policies that are pinned to a version, by ARN, with the first set that contains each."""
        return self._first_refs(lambda ref: bool(ref.version))

    @property
    def policies_to_create(self) -> tuple[tuple[PolicySet, PolicyRef], ...]:
        """The customer managed policies of required sets whose document the file contains and that do not exist.

        Without those that IAM would not create, because another policy has their name.
        """
        return tuple((policy_set, ref) for policy_set, ref, taken_by in self._absent_policies if not taken_by)

    @property
    def policies_with_taken_names(self) -> tuple[tuple[PolicySet, PolicyRef, str], ...]:
        """Those that IAM would not create, each with the ARN of the policy that has its name."""
        return tuple(each for each in self._absent_policies if each[2])

    def is_member(self, user: Pair, group: str) -> bool | None:
        """Whether a declared user is in a group, by the user's list or else the group's; None if neither was read.

        Case is ignored: group-missing reports a group that exists in another case, once.
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
        """The declared group of that exact name; None if it is not known whether it exists."""
        return self._groups_by_name.get(name)

    def declared_members(self, group: str) -> frozenset[str]:
        """The casefolded names of the users that are declared members of a group."""
        return self._members_by_group.get(group, frozenset())

    def credentials_of(self, user: Pair) -> Credentials:
        """The credentials of a live user; all unread if the user is missing."""
        found = self.snapshot.credentials.get(user.declared.name.casefold()) if user.live else None
        return found or Credentials()

    def active_keys(self, user: Pair) -> tuple[tuple[str, AccessKey], ...] | None:
        """A user's active access keys, oldest first, each with its last four characters; None if they were not read.

        A second key with the same last four characters gets a number: `ABCD`, `ABCD-2`.
        """
        keys = self.named_keys(user.declared.name) if user.live else None
        return None if keys is None else tuple((name, key) for name, key in keys if key.active)

    def named_keys(self, user: str) -> tuple[tuple[str, AccessKey], ...] | None:
        """All access keys of a user, named in the same way, whether the user is declared or not."""
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
        """Live principals that are neither declared nor ignored; none unless all of the kind were read."""
        if kind not in self.snapshot.listed:
            return
        declared = {principal_key(kind, name) for name in _desired_by_kind(self.desired)[kind]}
        for key, principal in self.snapshot.principals.items():
            if key[0] == kind and key not in declared and not self.is_ignored(kind, principal.name):
                yield principal

    def is_ignored(self, kind: PrincipalKind, name: str) -> bool:
        return is_ignored(self.desired, kind, name)

    def principal_arn(self, kind: PrincipalKind, name: str) -> str:
        """The ARN of a principal by name: the live one's, or the one that it would have."""
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
        subject = live.arn if live else self.principal_arn(kind, declared.name)
        reserved = kind == "role" and live is not None and self.reserved_names.is_reserved_path(live.path)
        return Pair(kind, declared, live, near, subject, reserved, key in self.for_other_tools)

    def _is_absent(self, key: PrincipalKey) -> bool:
        """Whether a principal is known not to exist, in any case of its name."""
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
            other = self._own_names.get(_bare_name(arn))
            named = f"; {policy_name(other)} has its name" if other else ""
            return f"does not exist in account {self.account.id}{named}"
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
    def _absent_policies(self) -> tuple[tuple[PolicySet, PolicyRef, str], ...]:
        """The required policies with a document that do not exist, each with the ARN of what has its name, or ""."""
        required = {ref.arn for _, declared in self.declared_principals for _, ref in self.required_policies(declared)}
        policies = self.snapshot.policies
        # IAM's policy names are unique in an account, ignoring path and case (aws: API_CreatePolicy).
        taken = dict(self._own_names)
        found = []
        for arn, (policy_set, ref) in self.policies_with_documents.items():
            if arn in required and arn in policies and policies[arn] is None:
                other = taken.setdefault(_bare_name(arn), arn)  # the first of two declared ones has the name
                found.append((policy_set, ref, "" if other == arn else other))
        return tuple(found)

    @functools.cached_property
    def _own_names(self) -> Mapping[str, str]:
        """The known policies of the account's own, by their names without path, casefolded."""
        existing = (arn for arn, policy in self.snapshot.policies.items() if policy and arn_account(arn) != "aws")
        return {_bare_name(arn): arn for arn in sorted({*(self.snapshot.own_policies or ()), *existing})}

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


def different_case_text(name: str) -> str:
    """What a finding says about something missing whose name exists in another case: IAM would refuse to create it."""
    return f"{name} does: IAM's names are unique ignoring case, so write {name} in the file"


def _bare_name(arn: str) -> str:
    """The name of a policy without its path, casefolded."""
    return arn.rpartition("/")[2].casefold()


def is_ignored(desired: Desired, kind: PrincipalKind, name: str) -> bool:
    return bool(desired.ignore) and any(
        each.kind == kind and matches_wildcard(each.pattern, name) for each in desired.ignore
    )


def _desired_by_kind(desired: Desired) -> Mapping[PrincipalKind, Mapping[str, DesiredPrincipal]]:
    return {"group": desired.groups, "user": desired.users, "role": desired.roles}
