"""What live users and groups may really do: their policies and requests, put before the evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from koding_audit.arns import owner_of, policy_name
from koding_audit.comparison import Comparison, Pair
from koding_audit.evaluate import (
    Because,
    Compiled,
    Decision,
    Kind,
    Policies,
    Policy,
    Request,
    Unread,
    audit_context,
    compiled,
    decide,
    role_context,
)
from koding_audit.frozen import replace
from koding_audit.model import (
    Level,
    PolicySet,
    Principal,
    PrincipalKey,
    RequiredAction,
    Snapshot,
    document_key,
    key_of,
)

# Not everybody may read an organization's policies, and resources keep their own.
_OPTIONAL: tuple[Kind, ...] = ("scp", "rcp", "resource")

# Condition keys that a user determines, and that any member of a group may have otherwise.
_OF_WHO_ASKS = ("aws:principalarn", "aws:principaltag/", "aws:userid", "aws:username")


@dataclass
class Permissions:
    """Decisions over one snapshot. Each document is compiled once, when it is first needed."""

    snapshot: Snapshot
    strict: bool = False
    _compiled: dict[str, Compiled] = field(default_factory=dict)
    _policies: dict[PrincipalKey, Policies] = field(default_factory=dict)

    def decide(self, principal: Principal, action: RequiredAction) -> Decision:
        """Whether a user's access key, any member of a group, or a session of a role may take an action directly."""
        request = self.request(principal, action)
        return decide(request, self._bearing_on(principal, action.resource), strict=self.strict)

    def request(self, principal: Principal, action: RequiredAction) -> Request:
        """What is asked by a user with an access key, by any member of a group, or by a session of a role."""
        account, organization = self.snapshot.account, self.snapshot.organization.id
        extra = dict(action.context)
        if principal.kind == "role":
            asks = f"arn:{account.partition}:sts::{account.id}:assumed-role/{principal.name}/*"
            context = role_context(arn=principal.arn, account=account.id, organization=organization, extra=extra)
            return Request(action.action, action.resource, asks, context)
        is_user = principal.kind == "user"
        asks = principal.arn if is_user else account.arn("user", "*")
        context = audit_context(
            arn=principal.arn if is_user else None,
            name=principal.name if is_user else None,
            unique_id=(principal.unique_id or None) if is_user else None,
            account=account.id,
            tags=None if principal.tags is None or not is_user else dict(principal.tags),
            organization=organization,
            extra=extra,
        )
        return Request(action.action, action.resource, asks, context)

    def has_gaps(self, principal: Principal) -> bool:
        """Whether a policy that could decide was not read, so that an unknown verdict is the gap's to tell."""
        return any(each.kind not in _OPTIONAL for each in self.policies(principal).unread)

    def policies(self, principal: Principal) -> Policies:
        """Every policy that bears on a user, or on a group's members as such."""
        key = key_of(principal.kind, principal.name)
        if key not in self._policies:
            self._policies[key] = self._gathered(principal)
        return self._policies[key]

    def _bearing_on(self, principal: Principal, resource: str) -> Policies:
        """Another account's resource is under the RCPs of its own organization, which nobody gave."""
        policies, owner = self.policies(principal), owner_of(resource)
        if "*" in owner or owner in ("", "aws", self.snapshot.account.id):
            return policies
        return replace(policies, rcps=(), unread=(*policies.unread, Unread("rcp", "rcp")))

    @cached_property
    def _organization(self) -> Policies:
        """What of the organization binds everybody in the account, and what of it is not known."""
        known = self.snapshot.organization
        levels: dict[Kind, tuple[Level, ...] | None] = {"scp": known.scps, "rcp": known.rcps}
        return Policies(
            scps=_levels("SCP", known.scps or ()),
            rcps=_levels("RCP", known.rcps or ()),
            unread=tuple(Unread(kind, kind) for kind in _OPTIONAL if levels.get(kind) is None),
            management_account=known.management_account,
        )

    def _gathered(self, principal: Principal) -> Policies:
        groups = [self.snapshot.principals.get(key_of("group", name)) for name in sorted(principal.groups or ())]
        holders = [principal, *(group for group in groups if group is not None)]
        names = {name for holder in holders for name in _documents(holder)}
        boundary = self._policy("permissions boundary", principal.boundary) if principal.boundary else ()
        unread = [Unread("identity", f"policy {name}") for name in sorted(names - set(self.snapshot.documents))]
        unread += [Unread("identity", f"policies of {each.kind} {each.name}") for each in holders if _is_unread(each)]
        unread += [Unread("identity", "a group of the user") for group in groups if group is None]
        unread += [Unread("identity", "groups of the user")] if _has_unread_groups(principal) else []
        unread += [Unread("boundary", f"policy {principal.boundary}")] if principal.boundary and not boundary else []
        return replace(
            self._organization,
            identity=tuple(
                policy
                for holder in holders
                for name in _documents(holder)
                for policy in self._policy(f"{holder.kind} {holder.name}", name)
            ),
            boundary=boundary if principal.boundary else None,
            unread=(*unread, *self._organization.unread),
        )

    def _policy(self, layer: str, name: str) -> tuple[Policy, ...]:
        """The policy of that name in Snapshot.documents; none where it was not read."""
        text = self.snapshot.documents.get(name)
        if text is None:
            return ()
        if name not in self._compiled:
            self._compiled[name] = compiled(text)
        return (Policy(layer, name, self._compiled[name]),)


@dataclass(frozen=True)
class Decided:
    """One action that a set is for, decided for one who is to have it."""

    principal: Principal
    policy_set: PolicySet
    action: RequiredAction
    decision: Decision

    @property
    def reasons(self) -> list[str]:
        """The first few, as a message says them."""
        return [reason(because) for because in self.decision.because[:3]]


def decided(comparison: Comparison) -> Iterator[Decided]:
    """Each action of a required set, for the user or group that requires it, and for a group's members.

    A set of which a policy is not attached is left to policy-missing. Where a group as such may not do it, its members
    are not asked about: the reason is the same. Where that hangs on who the member is, only they are.
    """
    permissions = Permissions(comparison.snapshot, strict=comparison.desired.strict)
    for pair in comparison.principals:
        if pair.kind == "role" or pair.live is None or pair.live.attached is None:
            continue
        for name in (use.name for use in pair.declared.required):
            policy_set = comparison.desired.policy_sets[name]
            if any(ref.arn not in pair.live.attached for ref in policy_set.policies):
                continue
            for action in policy_set.actions:
                for each in _askers(comparison, pair, permissions.decide(pair.live, action)):
                    decision = permissions.decide(each, action)
                    if decision.verdict != "unknown" or not permissions.has_gaps(each):
                        yield Decided(each, policy_set, action, decision)


def reason(because: Because) -> str:
    """`statement 2 (NoMfa) of inline policy guard, user koding-user: denies`."""
    if because.statement is None:
        named = f" ({_named(because)})" if because.policy else ""
        return f"{because.layer}{named}: {because.why}"
    sid = f" ({because.sid})" if because.sid else ""
    return f"statement {because.statement + 1}{sid} of {_named(because)}, {because.layer}: {because.why}"


def _named(because: Because) -> str:
    if because.policy.startswith("arn:"):
        return policy_name(because.policy)
    if because.layer.startswith(("SCP level", "RCP level")):
        return because.policy
    return f"inline policy {because.policy.rpartition('/')[2]}"


def _levels(kind: str, levels: tuple[Level, ...]) -> tuple[tuple[Policy, ...], ...]:
    """An organization's policies, from the root down; the layer names the level as the evaluator does."""
    return tuple(
        tuple(Policy(f"{kind} level {number}", each.name, compiled(each.document)) for each in level)
        for number, level in enumerate(levels, start=1)
    )


def _askers(comparison: Comparison, pair: Pair, own: Decision) -> tuple[Principal, ...]:
    """Whom an action is decided for, by what the user or group as such may do."""
    live = () if pair.live is None else (pair.live,)
    if own.verdict == "allowed":
        return (*live, *_members(comparison, pair))
    if own.open_keys and all(key.startswith(_OF_WHO_ASKS) for key in own.open_keys):
        return tuple(_members(comparison, pair)) or live
    return live


def _members(comparison: Comparison, pair: Pair) -> Iterator[Principal]:
    """The declared users who are in a group."""
    if pair.kind != "group":
        return
    for user, _ in comparison.users:
        if user.live is not None and pair.declared.name in (user.live.groups or ()):
            yield user.live


def _documents(holder: Principal) -> list[str]:
    """The names in Snapshot.documents of what is attached to and written into a principal."""
    return [*sorted(holder.attached or ()), *(document_key(holder, policy) for policy in sorted(holder.inline or ()))]


def _is_unread(holder: Principal) -> bool:
    return holder.attached is None or holder.inline is None


def _has_unread_groups(principal: Principal) -> bool:
    return principal.kind == "user" and principal.groups is None
