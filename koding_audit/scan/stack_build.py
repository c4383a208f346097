"""Whether a user or role may build a stack: decides its needed actions, and selects policy sets that would help."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import Literal

from koding_audit.desired.optional_sets import move_to_required
from koding_audit.model.account import Account, PrincipalKind, principal_key
from koding_audit.model.arn import arn_account
from koding_audit.model.desired import Desired, DesiredGroup, DesiredUser, PolicyRef, RequiredAction
from koding_audit.model.errors import InputError
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Principal, Snapshot
from koding_audit.model.stack import Stack, StackNeed
from koding_audit.policy.evaluation import AccessRequest, Decision, Policies, Policy, Reason, compile_document
from koding_audit.policy.permissions import Permissions, assumed_role_name
from koding_audit.reference import managed_policies
from koding_audit.scan.comparison import Comparison, DesiredPrincipal
from koding_audit.stack.decision import NeedDecider, NeedDecision
from koding_audit.stack.set_selection import CandidateSet, SetChoice, choose_sets

BuildVerdict = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class SetOffer:
    """A policy set that is declared for the builder, and the principal that it would be attached to.

    is_attached: whether all of it is attached there; the builder is then not a member of that group.
    """

    candidate: CandidateSet
    holder: tuple[PrincipalKind, str]
    is_attached: bool = False


@dataclass(frozen=True)
class LackingMembership:
    """A declared group of the builder that exists, and that the builder is not a member of.

    needs: the needs that are not allowed now, and that the policies of the group would allow.
    """

    group: str
    needs: frozenset[StackNeed]


@dataclass(frozen=True)
class BuildDecision:
    """Whether a principal may build a stack.

    exists: whether the principal exists already.
    decisions: the decision about each need.
    choice: the selected policy sets.
    offers: every set that can be selected.
    unread: sets of which a document was not read.
    policies: the policies that decided.
    memberships: the declared groups that the principal is not a member of.
    has_gaps: whether a policy that could decide was not read.
    """

    stack: Stack
    principal: Principal
    exists: bool
    decisions: Mapping[StackNeed, NeedDecision]
    choice: SetChoice
    offers: tuple[SetOffer, ...]
    unread: tuple[str, ...]
    policies: Policies
    memberships: tuple[LackingMembership, ...]
    strict: bool = False
    has_gaps: bool = False
    lacks_service_role: bool = False
    """Whether CloudFormation assumes a role for the resources that the account does not have."""

    @cached_property
    def missing_needs(self) -> tuple[StackNeed, ...]:
        """The needs that decide and are not known to be allowed."""
        return tuple(
            need
            for need, each in self.decisions.items()
            if each.verdict != "allowed" and need.decides and not need.perhaps
        )

    @cached_property
    def undecided_needs(self) -> tuple[StackNeed, ...]:
        """The needs that never decide, because only a handler lists them, and that are not known to be allowed."""
        return tuple(need for need, each in self.decisions.items() if each.verdict != "allowed" and need.perhaps)

    @cached_property
    def denied_needs(self) -> tuple[StackNeed, ...]:
        """The needs that are certain and denied."""
        return tuple(
            need
            for need in self.missing_needs
            if need.certain and not need.hint and self.decisions[need].verdict.endswith("deny")
        )

    def decision_about(self, need: StackNeed) -> Decision:
        return self.decisions[need].decision_about(need)

    def verdict_about(self, needs: Iterable[StackNeed]) -> BuildVerdict:
        """Whether these needs are allowed."""
        deciding = (need for need in needs if need.decides and not need.perhaps)
        missing = [need for need in deciding if self.decisions[need].verdict != "allowed"]
        certain = (need for need in missing if need.certain and not need.hint)
        denied = any(self.decisions[need].verdict.endswith("deny") for need in certain)
        return "no" if denied else "unknown" if missing else "yes"

    @property
    def service_role(self) -> str:
        """The role that CloudFormation assumes for the resources, `role/NAME`, "" if it is the principal itself."""
        return self.stack.service_role

    @property
    def verdict(self) -> BuildVerdict:
        if self.denied_needs or not self.exists or self.lacks_service_role:
            return "no"
        unsure = (
            self.missing_needs or self.stack.unknown or (self.strict and (self.stack.hinted or self.undecided_needs))
        )
        return "unknown" if unsure else "yes"


def resolve_builder(desired: Desired, principal: str) -> tuple[PrincipalKind, str]:
    """The user or role that builds: `user/NAME` or `role/NAME`, or the only declared user. Raises InputError."""
    if principal:
        kind, slash, name = principal.partition("/")
        if kind in ("user", "role") and slash and name and "/" not in name:
            return ("user" if kind == "user" else "role"), name
        raise InputError(f"--principal {principal} is not a user or a role", "write user/NAME or role/NAME")
    names = list(desired.users)
    if len(names) == 1:
        return "user", names[0]
    if not names:
        raise InputError("the desired state declares no user that could build the stack", "add --principal user/NAME")
    listed = ", ".join(f"user/{name}" for name in sorted(names)[:20])
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    raise InputError(
        "the desired state declares several users, and --principal names none",
        f"add --principal, one of: {listed}{more}",
    )


def add_builder_facts(desired: Desired, account: Account, query: Query) -> Query:
    """The query, extended by the facts that decide_build needs. desired is bound to the account."""
    if desired.builder is None:
        return query
    kind, name = desired.builder
    query, facts = _add_role_facts(desired, account, query), frozenset({Fact.ATTACHED, Fact.INLINE})
    users, roles, groups = dict(query.users), dict(query.roles), dict(query.groups)
    if kind == "user":
        users[name] = users.get(name, frozenset()) | facts | {Fact.USER, Fact.GROUPS}
    others = [*([name] if kind == "role" else ()), *_roles_in_account(desired.stacks, account)]
    roles.update((each, roles.get(each, frozenset()) | facts | {Fact.ROLE}) for each in others)
    for holder in _declared_holders(desired, kind, name, ()):
        if isinstance(holder, DesiredGroup):
            groups[holder.name] = groups.get(holder.name, frozenset()) | facts | {Fact.GROUP}
    nothing = Comparison(desired, Snapshot(account, None, datetime.min.replace(tzinfo=timezone.utc), ""))
    refs = (
        ref for holder in _declared_holders(desired, kind, name, ()) for _, ref in nothing.expected_policies(holder)
    )
    wanted = frozenset(ref.arn for ref in refs if not nothing.attach_obstacle(ref.arn))
    return replace(
        query,
        users=users,
        roles=roles,
        groups=groups,
        effective=query.effective | {principal_key(kind, name), *(principal_key("role", each) for each in others)},
        documents=query.documents | wanted,
    )


def _add_role_facts(desired: Desired, account: Account, query: Query) -> Query:
    """The query, extended by the service roles of the stacks, and by the trust policies of roles that are assumed."""
    served, roles = _service_roles(desired), dict(query.roles)
    facts = dict.fromkeys(_assumed_roles(desired, account), frozenset({Fact.ROLE}))
    facts |= dict.fromkeys(served, frozenset({Fact.ROLE, Fact.ATTACHED, Fact.INLINE}))
    for name, more in facts.items():
        roles[name] = roles.get(name, frozenset()) | more
    return replace(query, roles=roles, effective=query.effective | {principal_key("role", each) for each in served})


def decide_build(desired: Desired, snapshot: Snapshot, stack: Stack) -> BuildDecision:
    """Whether the builder may build a stack. desired is bound to the snapshot's account, and names the builder."""
    if desired.builder is None:
        raise AssertionError("unreachable: a desired state with stacks has a builder")
    comparison = Comparison(desired, snapshot)
    live = snapshot.principals.get(principal_key(*desired.builder))
    principal = live or _new_principal(desired, snapshot.account, *desired.builder)
    decider = _principal_decider(comparison, principal)
    stack, decisions = _decide_needs(comparison, principal, stack)
    lacking = _lacking_needs(stack, decisions)
    offers, unread = _find_offers(comparison, principal)
    choice = choose_sets(decider, lacking, [each.candidate for each in offers]) if lacking else SetChoice()
    return BuildDecision(
        stack=stack,
        principal=principal,
        exists=live is not None,
        decisions=decisions,
        choice=choice,
        offers=offers,
        unread=unread,
        policies=decider.policies,
        memberships=tuple(_lacking_memberships(comparison, principal, decider, lacking)),
        strict=desired.strict,
        has_gaps=comparison.permissions.has_gaps(principal),
        lacks_service_role=bool(stack.service_role) and _service_role(snapshot, stack) is None,
    )


def _lacking_needs(stack: Stack, decisions: Mapping[StackNeed, NeedDecision]) -> list[StackNeed]:
    """The needs that a set may help with: those of another role have no sets to choose from."""
    own = (need for need in decisions if not need.role and (need.caller or not stack.service_role))
    return [need for need in own if decisions[need].verdict != "allowed" and need.decides and not need.perhaps]


def _decide_needs(
    comparison: Comparison, principal: Principal, stack: Stack
) -> tuple[Stack, Mapping[StackNeed, NeedDecision]]:
    """The needs that are asked of a stack, and the decision about each.

    Who may assume the roles of the CDK's bootstrap needs nothing else; otherwise the CDK continues with
    the caller's own credentials.
    """
    assumed = {need: _decide_assumption(comparison.permissions, principal, need) for need in stack.assumed}
    is_denied = any(each.verdict.endswith("deny") and not need.perhaps for need, each in assumed.items())
    if assumed and (stack.is_assumed_elsewhere or not is_denied):
        note = (
            "the role of the CDK's bootstrap that CloudFormation assumes makes the resources: not asked of the caller"
        )
        return replace(stack, needs=tuple(assumed), unknown=(), notes=(*stack.notes, note)), assumed
    if assumed:
        note = "the roles of the CDK's bootstrap cannot be assumed: the CDK uses the caller's own permissions"
        stack = replace(stack, notes=(*stack.notes, note))
    decider = _principal_decider(comparison, principal)
    role = _service_role(comparison.snapshot, stack)
    served = decider if role is None else _principal_decider(comparison, role)
    by_role = _RoleDecisions(comparison)

    def decide(need: StackNeed) -> NeedDecision:
        if need.role:
            return by_role.decide(need)
        return (decider if need.caller else served).decide_kind(need)

    return stack, {need: decide(need) for need in stack.needs}


def _decide_assumption(permissions: Permissions, principal: Principal, need: StackNeed) -> NeedDecision:
    """The decision about a role that the principal assumes: the role's trust policy is evaluated too."""
    action = RequiredAction(need.action, Location("", 1, 1), need.resource, need.context)
    return NeedDecision(permissions.decide(principal, action), need.resource)


def _principal_decider(comparison: Comparison, principal: Principal) -> NeedDecider:
    permissions = comparison.permissions
    requests = _NeedRequests(permissions, principal)
    return NeedDecider(permissions.policies(principal), requests, permissions.reference, comparison.desired.strict)


def _service_roles(desired: Desired) -> tuple[str, ...]:
    """The names of the roles that CloudFormation assumes for the stacks."""
    return tuple(each.service_role.removeprefix("role/") for each in desired.stacks if each.service_role)


def _assumed_roles(desired: Desired, account: Account) -> tuple[str, ...]:
    """The names of the roles of the CDK's bootstrap that the builder assumes, as far as they are known."""
    needs = (need for stack in desired.stacks for need in stack.assumed)
    return tuple(name for need in needs if (name := assumed_role_name(need.action, need.resource, account)))


def _service_role(snapshot: Snapshot, stack: Stack) -> Principal | None:
    """The role that CloudFormation assumes for a stack; None without one, or if it does not exist."""
    name = stack.service_role.removeprefix("role/")
    return snapshot.principals.get(principal_key("role", name)) if name else None


def _lacking_memberships(
    comparison: Comparison, principal: Principal, decider: NeedDecider, lacking: list[StackNeed]
) -> Iterator[LackingMembership]:
    """The groups that the desired state declares for a user, that exist, and that the user is not in."""
    declared = comparison.desired.users.get(principal.name) if principal.kind == "user" else None
    if declared is None or principal.groups is None:
        return
    for name in (use.name for use in declared.groups if use.name not in principal.groups):
        group = comparison.snapshot.principals.get(principal_key("group", name))
        if group is not None:
            added = comparison.permissions.policies(group).identity
            policies = replace(decider.policies, identity=(*decider.policies.identity, *added))
            joined = NeedDecider(policies, decider.make_request, decider.reference, decider.strict)
            allowed = (need for need in lacking if joined.decide_kind(need).verdict == "allowed")
            yield LackingMembership(name, frozenset(allowed))


def _roles_in_account(stacks: Iterable[Stack], account: Account) -> list[str]:
    """The names of the account's roles that make calls of the stacks."""
    arns = dict.fromkeys(need.role for stack in stacks for need in stack.needs if need.role)
    return [arn.rpartition("/")[2] for arn in arns if "*" not in arn and arn_account(arn) == account.id]


@dataclass
class _RoleDecisions:
    """Decides calls that a role makes: by the role's own policies, if the account has it and they were read."""

    comparison: Comparison
    _deciders: dict[str, NeedDecider | None] = field(default_factory=dict)

    def decide(self, need: StackNeed) -> NeedDecision:
        if need.role not in self._deciders:
            self._deciders[need.role] = self._find_decider(need.role)
        decider = self._deciders[need.role]
        if decider is not None:
            return decider.decide_kind(need)
        why = f"{need.role} makes the call, and this account does not say what it may do"
        return NeedDecision(Decision("unknown", (Reason("script", "", None, "", "", why),)), need.resource)

    def _find_decider(self, arn: str) -> NeedDecider | None:
        snapshot = self.comparison.snapshot
        if "*" in arn or arn_account(arn) != snapshot.account.id:
            return None
        role = snapshot.principals.get(principal_key("role", arn.rpartition("/")[2]))
        if role is None or role.arn != arn or self.comparison.permissions.has_gaps(role):
            return None
        return _principal_decider(self.comparison, role)


@dataclass(frozen=True)
class _NeedRequests:
    """The requests of a principal, with their region if it is known and the service is regional."""

    permissions: Permissions
    principal: Principal

    def __call__(self, need: StackNeed, resource: str) -> AccessRequest:
        service = need.action.partition(":")[0]
        known = need.region and service not in self.permissions.reference.services.global_services
        region = (("aws:RequestedRegion", (need.region,)),) if known else ()
        action = RequiredAction(need.action, Location("", 1, 1), resource, (*region, *need.context))
        return self.permissions.request_for(self.principal, action)


def _find_offers(comparison: Comparison, principal: Principal) -> tuple[tuple[SetOffer, ...], tuple[str, ...]]:
    """The sets that are declared for the builder and not attached yet, required ones first; and the unread sets."""
    desired, found, unread = comparison.desired, dict[str, SetOffer](), []
    effective = _attached_arns(comparison.snapshot, principal)
    holders = list(_declared_holders(desired, principal.kind, principal.name, principal.groups or ()))
    for required in (True, False):
        for holder in holders:
            for use in holder.required if required else holder.optional:
                refs = [ref for ref in desired.policy_sets[use.name].policies if ref.arn not in effective]
                texts = {ref.arn: _policy_text(comparison, ref) for ref in refs}
                known = {arn: text for arn, text in texts.items() if text is not None}
                if len(known) < len(texts):
                    unread.append(use.name)
                elif known and use.name not in found and not any(map(comparison.attach_obstacle, known)):
                    kind = _holder_kind(holder)
                    layer = f"{kind} {holder.name}"
                    policies = tuple(Policy(layer, arn, compile_document(text)) for arn, text in known.items())
                    candidate = CandidateSet(use.name, required, policies, tuple(known.values()))
                    live = comparison.snapshot.principals.get(principal_key(kind, holder.name))
                    attached = live is not None and live.attached is not None and live.attached >= set(known)
                    found[use.name] = SetOffer(candidate, (kind, holder.name), attached)
    return tuple(found.values()), tuple(dict.fromkeys(unread))


def _attached_arns(snapshot: Snapshot, principal: Principal) -> frozenset[str]:
    """The policies that apply to the principal now: its own, and those of its groups."""
    groups = (snapshot.principals.get(principal_key("group", name)) for name in principal.groups or ())
    return frozenset(arn for each in (principal, *groups) if each is not None for arn in each.attached or ())


def _policy_text(comparison: Comparison, ref: PolicyRef) -> str | None:
    """A policy's document: the file's if it contains one, because a fix would write that; otherwise the live one."""
    return ref.document.text if ref.document else comparison.snapshot.documents.get(ref.arn)


def _declared_holders(
    desired: Desired, kind: PrincipalKind, name: str, live_groups: Iterable[str]
) -> Iterator[DesiredPrincipal]:
    """The declared principals whose sets apply to the builder: itself, and its declared and live groups."""
    own = (desired.users if kind == "user" else desired.roles).get(name)
    if own is not None:
        yield own
    if kind == "user":
        wanted = [use.name for use in own.groups] if isinstance(own, DesiredUser) else []
        for group in dict.fromkeys((*wanted, *sorted(live_groups))):
            if group in desired.groups:
                yield desired.groups[group]


def _holder_kind(holder: DesiredPrincipal) -> PrincipalKind:
    return "group" if isinstance(holder, DesiredGroup) else "user" if isinstance(holder, DesiredUser) else "role"


def _new_principal(desired: Desired, account: Account, kind: PrincipalKind, name: str) -> Principal:
    """A principal that does not exist yet, as a fix would create it, with nothing attached."""
    declared = (desired.users if kind == "user" else desired.roles).get(name)
    path = (declared.path if declared else None) or "/"
    nothing = frozenset[str]()
    arn = account.arn(kind, name, path)
    return Principal(kind, name, arn, "", path, attached=nothing, inline=nothing, groups=nothing, tags=())


def chosen_offers(answer: BuildDecision) -> tuple[SetOffer, ...]:
    """The selected sets, each with the principal that it would be attached to."""
    return tuple(each for each in answer.offers if each.candidate.name in answer.choice.sets)


def needs_of_offer(answer: BuildDecision, offer: SetOffer) -> tuple[StackNeed, ...]:
    """The needs that would not be allowed without a selected set."""
    return answer.choice.needs_by_set[offer.candidate.name]


def require_chosen_sets(desired: Desired, answers: Iterable[BuildDecision]) -> Desired:
    """The desired state with each optional set that the stacks need required of its principal, and of no other."""
    for offer in (each for every in answers for each in chosen_offers(every)):
        kind, name = offer.holder
        sets = (offer.candidate.name,)
        desired = replace(desired, enabled_sets=tuple(sorted({*desired.enabled_sets, *sets})))
        if kind == "group":
            desired = replace(desired, groups={**desired.groups, name: move_to_required(desired.groups[name], sets)})
        elif kind == "user":
            desired = replace(desired, users={**desired.users, name: move_to_required(desired.users[name], sets)})
        else:
            desired = replace(desired, roles={**desired.roles, name: move_to_required(desired.roles[name], sets)})
    return desired


def add_managed_documents(snapshot: Snapshot, wanted: Iterable[str]) -> tuple[Snapshot, tuple[str, ...], str]:
    """The snapshot with missing documents of AWS managed policies, as they ship with the tool; their ARNs; their date.

    The last resort: AWS changes its policies, and other partitions have others. A policy that a principal has is never
    filled in: its live document decides.
    """
    attached = {arn for each in snapshot.principals.values() for arn in (*(each.attached or ()), each.boundary)}
    unread = set(wanted).difference(attached, snapshot.documents)
    lacking = sorted(arn for arn in unread if arn.startswith("arn:aws:iam::aws:"))
    if not lacking:
        return snapshot, (), ""
    known = managed_policies.load_managed_policies()
    found = {arn: json.dumps(known[arn].document) for arn in lacking if arn in known}
    gaps = tuple(
        each for each in snapshot.gaps if each.fact is not Fact.OPTIONAL_SET_DOCUMENTS or each.subject not in found
    )
    more = replace(snapshot, documents={**snapshot.documents, **found}, gaps=gaps)
    return more, tuple(found), known.origin.date
