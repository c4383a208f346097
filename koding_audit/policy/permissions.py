"""The permissions of a live user, group or role: collects its policies and evaluates requests against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from koding_audit.model.account import Account, PrincipalKey, principal_key
from koding_audit.model.arn import arn_account, policy_name
from koding_audit.model.desired import RequiredAction
from koding_audit.model.frozen import replace
from koding_audit.model.snapshot import Level, Principal, Snapshot, inline_document_key
from koding_audit.policy.evaluation import (
    VPCE_LAYER,
    AccessRequest,
    CompiledDocument,
    Context,
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
from koding_audit.policy.evaluation.statements import CompiledStatement
from koding_audit.reference.aws_reference import AwsReference, load_reference

# Many callers may not read an organization's policies, and resources have policies of their own.
_OPTIONAL_TYPES: tuple[PolicyType, ...] = ("scp", "rcp", "resource")

TRUST_POLICY = "trust policy"
"""The name of a role's trust policy in reasons."""
_TRUST_POLICY_SERVICE = "sts:"


@dataclass
class Permissions:
    """Decides requests over one snapshot. Each document is compiled once, when it is first needed.

    snapshot: the state of the account.
    strict: whether a layer that was not read makes a verdict unknown.
    reference: what is known of AWS.
    """

    snapshot: Snapshot
    strict: bool = False
    reference: AwsReference = field(default_factory=load_reference)
    _compiled: dict[str, CompiledDocument] = field(default_factory=dict)
    _policies: dict[PrincipalKey, Policies] = field(default_factory=dict)

    def decide(self, principal: Principal, action: RequiredAction, session: str = "") -> Decision:
        """Decide whether a user's access key, any member of a group, or a session of a role may call an action.

        session: the name of the role's session; "" for any. A named session may have a session policy, which is not
            read.
        """
        request = self.request_for(principal, action, session)
        policies = self._policies_for_resource(principal, action)
        if session:
            policies = replace(policies, unread=(*policies.unread, UnreadLayer("session", "session")))
        return decide(request, policies, self.reference, strict=self.strict)

    def request_for(self, principal: Principal, action: RequiredAction, session: str = "") -> AccessRequest:
        """Return the request of a user with an access key, of any member of a group, or of a session of a role."""
        account, organization = self.snapshot.account, self.snapshot.organization.id
        extra: dict[str, str | tuple[str, ...]] = dict(action.context)
        if principal.kind == "role":
            requester = f"arn:{account.partition}:sts::{account.id}:assumed-role/{principal.name}/{session or '*'}"
            if session and principal.unique_id:
                extra = {"aws:userid": f"{principal.unique_id}:{session}", **extra}
            return AccessRequest(action.action, action.resource, requester, self._session_context(principal, extra))
        is_user = principal.kind == "user"
        requester = principal.arn if is_user else account.arn("user", "*")
        context = user_context(
            self.reference.condition_keys,
            arn=principal.arn if is_user else None,
            name=principal.name if is_user else None,
            unique_id=(principal.unique_id or None) if is_user else None,
            account=account.id,
            tags=None if principal.tags is None or not is_user else dict(principal.tags),
            organization=organization,
            extra=extra,
        )
        return AccessRequest(action.action, action.resource, requester, context)

    def _session_context(self, role: Principal, extra: Mapping[str, str | tuple[str, ...]]) -> Context:
        return role_context(
            self.reference.condition_keys,
            arn=role.arn,
            account=self.snapshot.account.id,
            tags=self._session_tags(role),
            organization=self.snapshot.organization.id,
            extra=extra,
        )

    def _session_tags(self, role: Principal) -> Mapping[str, str] | None:
        """Return the tags of every session of a role: its own, if its trust policy lets no principal bring others.

        A session tag replaces the role's tag of the same key (id_session-tags). It needs sts:TagSession, but whether a
        transitive tag of a chained session does is not documented; a service and a user have no such tags.
        """
        if role.tags is None or not role.trust:
            return None
        trust = compile_document(role.trust).statements
        is_plain = all(_brings_no_tags(each) for each in trust)
        return dict(role.tags) if is_plain else None

    def has_gaps(self, principal: Principal) -> bool:
        """Whether a policy that could decide was not read: then the gap explains an unknown verdict."""
        return any(each.kind not in _OPTIONAL_TYPES for each in self.policies(principal).unread)

    def policies(self, principal: Principal) -> Policies:
        """Return every policy that applies to a user or role, or to the members of a group."""
        key = principal_key(principal.kind, principal.name)
        if key not in self._policies:
            self._policies[key] = self._gather_policies(principal)
        return self._policies[key]

    def _policies_for_resource(self, principal: Principal, action: RequiredAction) -> Policies:
        """Return the policies for a request to the action's resource.

        The RCPs of another account's resource are those of its own organization, and they are not known.
        """
        policies, owner = self.policies(principal), arn_account(action.resource)
        if "*" not in owner and owner not in ("", "aws", self.snapshot.account.id):
            return replace(policies, rcps=(), unread=(*policies.unread, UnreadLayer("rcp", "rcp")))
        trust = self._trust_policy(action)
        if trust is None:
            return policies
        unread = tuple(each for each in policies.unread if each.kind != "resource")
        return replace(policies, resource=(trust,), unread=unread)

    def _trust_policy(self, action: RequiredAction) -> Policy | None:
        """Return the trust policy that decides about an action; None if there is none, or if it was not read."""
        name = assumed_role_name(action.action, action.resource, self.snapshot.account)
        role = self.snapshot.principals.get(principal_key("role", name)) if name else None
        if role is None or role.arn != action.resource or not role.trust:
            return None
        key = f"{TRUST_POLICY} of {role.arn}"
        if key not in self._compiled:
            self._compiled[key] = compile_document(role.trust)
        return Policy(f"role {role.name}", TRUST_POLICY, self._compiled[key])

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


def assumed_role_name(action: str, resource: str, account: Account) -> str:
    """Return the name of the account's role whose trust policy decides about an action on a resource; "" for none.

    Trust policies are about the actions of STS only (IAM user guide, id_roles, "trust policy").
    """
    if not action.lower().startswith(_TRUST_POLICY_SERVICE):
        return ""
    start = account.arn("role", "")
    names_role = resource.startswith(start) and "*" not in resource and "?" not in resource
    return resource.removeprefix(start).rpartition("/")[2] if names_role else ""


def reason_text(reason: Reason) -> str:
    """Return a reason as text: `statement 2 (NoMfa) of inline policy guard, user koding-user: denies`."""
    if reason.statement is None:
        named = f" ({policy_label(reason)})" if reason.policy else ""
        return f"{reason.layer}{named}: {reason.why}"
    sid = f" ({reason.sid})" if reason.sid else ""
    return f"statement {reason.statement + 1}{sid} of {policy_label(reason)}, {reason.layer}: {reason.why}"


def policy_label(reason: Reason) -> str:
    """Return the name of a reason's policy as text: of a managed policy its name, `inline policy own` of another."""
    if reason.policy.startswith("arn:"):
        return policy_name(reason.policy)
    if reason.policy == TRUST_POLICY or reason.layer.startswith(("SCP level", "RCP level", VPCE_LAYER)):
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


def _brings_no_tags(statement: CompiledStatement) -> bool:
    """Whether a statement of a trust policy lets only services and users start sessions, and without session tags."""
    if statement.effect != "Allow":
        return True
    principals = statement.principals
    if statement.unreadable or principals is None or principals.negated:
        return False
    known = all(kind == "Service" or (kind == "AWS" and ":user/" in value) for kind, value in principals.values)
    return known and not statement.covers_action("sts:tagsession", "sts")


def _is_unread(holder: Principal) -> bool:
    return holder.attached is None or holder.inline is None


def _has_unread_groups(principal: Principal) -> bool:
    return principal.kind == "user" and principal.groups is None
