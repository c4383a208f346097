"""The permissions of a live user, group or role: collects its policies and evaluates requests against them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from koding_audit.model.account import PrincipalKey, principal_key
from koding_audit.model.arn import arn_account, policy_name
from koding_audit.model.desired import RequiredAction
from koding_audit.model.frozen import replace
from koding_audit.model.snapshot import Level, Principal, Snapshot, inline_document_key
from koding_audit.policy.evaluation import (
    VPCE_LAYER,
    AccessRequest,
    CompiledDocument,
    Decision,
    Policies,
    Policy,
    PolicyType,
    Reason,
    UnreadLayer,
    compile_document,
    decide,
    role_context,
    user_context,
)

# Many callers may not read an organization's policies, and resources have policies of their own.
_OPTIONAL_TYPES: tuple[PolicyType, ...] = ("scp", "rcp", "resource")


@dataclass
class Permissions:
    """Decides requests over one snapshot. Each document is compiled once, when it is first needed.

    snapshot: the state of the account.
    strict: whether a layer that was not read makes a verdict unknown.
    """

    snapshot: Snapshot
    strict: bool = False
    _compiled: dict[str, CompiledDocument] = field(default_factory=dict)
    _policies: dict[PrincipalKey, Policies] = field(default_factory=dict)

    def decide(self, principal: Principal, action: RequiredAction) -> Decision:
        """Decide whether a user's access key, any member of a group, or a session of a role may call an action."""
        request = self.request_for(principal, action)
        return decide(request, self._policies_for_resource(principal, action.resource), strict=self.strict)

    def request_for(self, principal: Principal, action: RequiredAction) -> AccessRequest:
        """Return the request of a user with an access key, of any member of a group, or of a session of a role."""
        account, organization = self.snapshot.account, self.snapshot.organization.id
        extra = dict(action.context)
        if principal.kind == "role":
            requester = f"arn:{account.partition}:sts::{account.id}:assumed-role/{principal.name}/*"
            context = role_context(arn=principal.arn, account=account.id, organization=organization, extra=extra)
            return AccessRequest(action.action, action.resource, requester, context)
        is_user = principal.kind == "user"
        requester = principal.arn if is_user else account.arn("user", "*")
        context = user_context(
            arn=principal.arn if is_user else None,
            name=principal.name if is_user else None,
            unique_id=(principal.unique_id or None) if is_user else None,
            account=account.id,
            tags=None if principal.tags is None or not is_user else dict(principal.tags),
            organization=organization,
            extra=extra,
        )
        return AccessRequest(action.action, action.resource, requester, context)

    def has_gaps(self, principal: Principal) -> bool:
        """Whether a policy that could decide was not read: then the gap explains an unknown verdict."""
        return any(each.kind not in _OPTIONAL_TYPES for each in self.policies(principal).unread)

    def policies(self, principal: Principal) -> Policies:
        """Return every policy that applies to a user or role, or to the members of a group."""
        key = principal_key(principal.kind, principal.name)
        if key not in self._policies:
            self._policies[key] = self._gather_policies(principal)
        return self._policies[key]

    def _policies_for_resource(self, principal: Principal, resource: str) -> Policies:
        """Return the policies for a request to this resource.

        The RCPs of another account's resource are those of its own organization, and they are not known.
        """
        policies, owner = self.policies(principal), arn_account(resource)
        if "*" in owner or owner in ("", "aws", self.snapshot.account.id):
            return policies
        return replace(policies, rcps=(), unread=(*policies.unread, UnreadLayer("rcp", "rcp")))

    @cached_property
    def _account_policies(self) -> Policies:
        """The policies that apply to every principal of the account, and the layers not read."""
        known, vpce = self.snapshot.organization, self.snapshot.vpce
        levels: dict[PolicyType, tuple[Level, ...] | None] = {"scp": known.scps, "rcp": known.rcps}
        return Policies(
            scps=_compile_levels("SCP", known.scps or ()),
            rcps=_compile_levels("RCP", known.rcps or ()),
            vpce=None if vpce is None else Policy(VPCE_LAYER, vpce.name, compile_document(vpce.document)),
            unread=tuple(UnreadLayer(kind, kind) for kind in _OPTIONAL_TYPES if levels.get(kind) is None),
            management_account=known.management_account,
        )

    def _gather_policies(self, principal: Principal) -> Policies:
        groups = [self.snapshot.principals.get(principal_key("group", name)) for name in sorted(principal.groups or ())]
        holders = [principal, *(group for group in groups if group is not None)]
        names = {name for holder in holders for name in _document_names(holder)}
        boundary = self._compiled_policy("permissions boundary", principal.boundary) if principal.boundary else ()
        unread = [UnreadLayer("identity", f"policy {name}") for name in sorted(names - set(self.snapshot.documents))]
        unread += [
            UnreadLayer("identity", f"policies of {each.kind} {each.name}") for each in holders if _is_unread(each)
        ]
        unread += [UnreadLayer("identity", "a group of the user") for group in groups if group is None]
        unread += [UnreadLayer("identity", "groups of the user")] if _has_unread_groups(principal) else []
        unread += (
            [UnreadLayer("boundary", f"policy {principal.boundary}")] if principal.boundary and not boundary else []
        )
        return replace(
            self._account_policies,
            identity=tuple(
                policy
                for holder in holders
                for name in _document_names(holder)
                for policy in self._compiled_policy(f"{holder.kind} {holder.name}", name)
            ),
            boundary=boundary if principal.boundary else None,
            unread=(*unread, *self._account_policies.unread),
        )

    def _compiled_policy(self, layer: str, name: str) -> tuple[Policy, ...]:
        """Return the policy of that name in Snapshot.documents; () if it was not read."""
        text = self.snapshot.documents.get(name)
        if text is None:
            return ()
        if name not in self._compiled:
            self._compiled[name] = compile_document(text)
        return (Policy(layer, name, self._compiled[name]),)


def reason_text(reason: Reason) -> str:
    """Return a reason as text: `statement 2 (NoMfa) of inline policy guard, user koding-user: denies`."""
    if reason.statement is None:
        named = f" ({_policy_label(reason)})" if reason.policy else ""
        return f"{reason.layer}{named}: {reason.why}"
    sid = f" ({reason.sid})" if reason.sid else ""
    return f"statement {reason.statement + 1}{sid} of {_policy_label(reason)}, {reason.layer}: {reason.why}"


def _policy_label(reason: Reason) -> str:
    if reason.policy.startswith("arn:"):
        return policy_name(reason.policy)
    if reason.layer.startswith(("SCP level", "RCP level", VPCE_LAYER)):
        return reason.policy
    return f"inline policy {reason.policy.rpartition('/')[2]}"


def _compile_levels(kind: str, levels: tuple[Level, ...]) -> tuple[tuple[Policy, ...], ...]:
    """Return an organization's policies, from the root down; the layer names the level as the evaluator does."""
    return tuple(
        tuple(Policy(f"{kind} level {number}", each.name, compile_document(each.document)) for each in level)
        for number, level in enumerate(levels, start=1)
    )


def _document_names(holder: Principal) -> list[str]:
    """Return the names in Snapshot.documents of a principal's attached and inline policies."""
    return [
        *sorted(holder.attached or ()),
        *(inline_document_key(holder, policy) for policy in sorted(holder.inline or ())),
    ]


def _is_unread(holder: Principal) -> bool:
    return holder.attached is None or holder.inline is None


def _has_unread_groups(principal: Principal) -> bool:
    return principal.kind == "user" and principal.groups is None
