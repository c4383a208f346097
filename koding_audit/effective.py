"""What live users and groups may really do: their policies and requests, put before the evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from koding_audit.arns import policy_name
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
)
from koding_audit.model import PolicySet, Principal, PrincipalKey, RequiredAction, Snapshot, document_key, key_of

# Only the organization's own accounts can read the first two, and resources keep their own policies.
_UNSEEN: tuple[Kind, ...] = ("scp", "rcp", "resource")


@dataclass
class Permissions:
    """Decisions over one snapshot. Each document is compiled once, when it is first needed."""

    snapshot: Snapshot
    strict: bool = False
    _compiled: dict[str, Compiled] = field(default_factory=dict)
    _policies: dict[PrincipalKey, Policies] = field(default_factory=dict)

    def decide(self, principal: Principal, action: RequiredAction) -> Decision:
        """Whether a user's access key may take an action in a direct call; of a group, any member's."""
        account = self.snapshot.account
        is_user = principal.kind == "user"
        context = audit_context(
            arn=principal.arn if is_user else None,
            name=principal.name if is_user else None,
            unique_id=principal.unique_id if is_user else None,
            account=account.id,
            tags=None,
            organization=None,
            extra=dict(action.context),
        )
        asks = principal.arn if is_user else account.arn("user", "*")
        request = Request(action.action, action.resource, asks, context)
        return decide(request, self.policies(principal), strict=self.strict)

    def has_gaps(self, principal: Principal) -> bool:
        """Whether a policy that could decide was not read, so that an unknown verdict is the gap's to tell."""
        return any(each.kind not in _UNSEEN for each in self.policies(principal).unread)

    def policies(self, principal: Principal) -> Policies:
        """Every policy that bears on a user, or on a group's members as such."""
        key = key_of(principal.kind, principal.name)
        if key not in self._policies:
            self._policies[key] = self._gathered(principal)
        return self._policies[key]

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
        return Policies(
            identity=tuple(
                policy
                for holder in holders
                for name in _documents(holder)
                for policy in self._policy(f"{holder.kind} {holder.name}", name)
            ),
            boundary=boundary if principal.boundary else None,
            unread=(*unread, *(Unread(kind, kind) for kind in _UNSEEN)),
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
    are not asked about: the reason is the same.
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
                own = permissions.decide(pair.live, action)
                members = _members(comparison, pair) if own.verdict == "allowed" else ()
                for each in (pair.live, *members):
                    decision = permissions.decide(each, action)
                    if decision.verdict != "unknown" or not permissions.has_gaps(each):
                        yield Decided(each, policy_set, action, decision)


def reason(because: Because) -> str:
    """`statement 2 (NoMfa) of inline policy guard, user koding-user: denies`."""
    if because.statement is None:
        return f"{because.layer}: {because.why}"
    sid = f" ({because.sid})" if because.sid else ""
    return f"statement {because.statement + 1}{sid} of {_named(because.policy)}, {because.layer}: {because.why}"


def _named(policy: str) -> str:
    return policy_name(policy) if policy.startswith("arn:") else f"inline policy {policy.rpartition('/')[2]}"


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
