"""What a holder of policies gains by a change of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from koding_audit.model.frozen import replace
from koding_audit.policy.diff.patterns import TooManyStates
from koding_audit.policy.evaluation import AccessRequest, Context, Policies, Policy, decide
from koding_audit.policy.evaluation.patterns import resource_matcher
from koding_audit.reference.escalations import EscalationAction
from koding_audit.remediation.guards.document_cache import DocumentCache
from koding_audit.remediation.guards.effective_policies import (
    ALLOW_ALL,
    EffectivePolicies,
    NamedDocument,
    RoleTrusts,
)
from koding_audit.remediation.guards.holders import STAND_IN_NAME, PolicyHolder, known_context
from koding_audit.remediation.guards.resource_regions import region_examples

_RANKS: Mapping[str, int] = {"allowed": 2, "unknown": 1}  # of a verdict; 0 for any other


class HolderChange:
    """The policies of a holder before and after a change, and what it may do then that it could not do before.

    cache: the account with its parsed documents.
    by_name: the escalation actions by their names.
    by_whole_name: whether a user of an unknown name has one name of its own where a policy says `user/${aws:username}`,
        which distinguishes it from others; otherwise the variable stands for any name.
    """

    def __init__(
        self,
        cache: DocumentCache,
        by_name: Mapping[str, EscalationAction],
        holder: PolicyHolder,
        before: EffectivePolicies,
        after: EffectivePolicies,
        *,
        by_whole_name: bool = False,
    ) -> None:
        self._cache = cache
        self._by_name = by_name
        self._holder = holder
        has_stand_in = by_whole_name and holder.kind == "user" and not holder.name
        self._own_name = STAND_IN_NAME if has_stand_in else holder.own_name
        self._before = before
        self._after = after
        self._context = self._request_context()
        self._both = self._evaluated_policies(before), self._evaluated_policies(after)
        self._documents = [cache.parsed_documents(side.every_document, self._own_name) for side in (before, after)]
        self._gained: dict[tuple[Hashable, ...], bool] = {}
        self._may_gain: dict[str, bool] = {}

    def gains_way(self, escalation: EscalationAction) -> bool:
        """Whether the holder may use an escalation action on a resource on which it could not before.

        Actions with the same statements and the same kind of resources are decided once.
        """
        action = escalation.action
        rules = (each.statements_about(action) for side in self._documents for each in side)
        key = (escalation.kind_of_way, tuple(tuple(rule.index for rule in about) for about in rules))
        if key not in self._gained:
            self._gained[key] = self.may_gain(action) and self._gains_on_resource(escalation)
        return self._gained[key]

    def _gains_on_resource(self, escalation: EscalationAction) -> bool:
        try:
            resources = list(self._candidate_resources(escalation))
        except TooManyStates:
            return True
        return any(self.gains(escalation.action, each) for each in resources)

    def may_gain(self, action: str) -> bool:
        """Whether the change can allow an action at all: it adds an Allow, takes a Deny, or changes the boundary."""
        if action not in self._may_gain:
            self._may_gain[action] = self._has_allow(action) and not self._is_only_less(action)
        return self._may_gain[action]

    def gains(self, action: str, resource: str) -> bool:
        """Whether an action on a resource is allowed after the change, or allowed in more cases than before."""
        after = self._rank(action, resource, self._both[1])
        if not after:
            return False
        before = self._rank(action, resource, self._both[0])
        return after > before or (after == before == 1 and self._may_hold_more_often(action))

    def resources_gained(self, action: str, resources: Iterable[str]) -> Iterator[str]:
        """Those of some resources on which an action is gained. What the same patterns match is decided once."""
        if not self.may_gain(action):
            return
        matchers = [resource_matcher(each) for each in sorted(self._patterns(action))]
        known: dict[tuple[bool, ...], bool] = {}
        for resource in resources:
            matches = tuple(each(resource) for each in matchers)
            if matches not in known:
                known[matches] = self.gains(action, resource)
            if known[matches]:
                yield resource

    def roles_gained(self, action: str, trusts: RoleTrusts) -> Iterator[str]:
        """Those of some roles of which an action newly starts a session, as their trust policies also say.

        A Deny that goes is enough where the trust policy names the holder.
        """
        for role, trust in () if self._is_only_less(action) else self._reachable_roles(action, trusts):
            before, after = self.rank_of_role(action, role, trust)
            is_named = self._cache.trust_policy(trust).can_name(self._holder)
            if after > before or (after == before == 1 and self._may_hold_more_often(action, is_named=is_named)):
                yield role

    def _reachable_roles(self, action: str, trusts: RoleTrusts) -> Iterator[tuple[str, str]]:
        """Those of some roles that an action may reach: all by an Allow, or those that name the holder."""
        is_allowed = self._has_allow(action)
        for role, trust in trusts:
            if is_allowed or self._cache.trust_policy(trust).can_name(self._holder):
                yield role, trust

    def roles_assumed(self, action: str, trusts: RoleTrusts) -> Iterator[str]:
        """Those of some roles of which an action starts a session after the change.

        Without an Allow of its own, the holder needs a trust policy that names it.
        """
        for role, trust in self._reachable_roles(action, trusts):
            if self.rank_of_role(action, role, trust)[1]:
                yield role

    def rank_of_role(self, action: str, role: str, trust: str) -> tuple[int, int]:
        """How far an action on a role with this trust policy is allowed before and after the change."""
        own = (self._evaluated_policy(NamedDocument("", trust)),)
        before, after = (self._rank(action, role, replace(each, resource=own)) for each in self._both)
        return before, after

    def _rank(self, action: str, resource: str, policies: Policies) -> int:
        way = self._by_name.get(action)
        context = self._request_context(way.keys) if way and way.keys else self._context
        owner = self._cache.account.id if way and way.any_account else ""
        request = AccessRequest(action, resource, self._principal_arn(), context, owner)
        return _RANKS.get(decide(request, policies, self._cache.reference).verdict, 0)

    def _has_allow(self, action: str) -> bool:
        documents = self._cache.parsed_documents(self._after.identity, self._own_name)
        return any(each.has_statement_about(action, "Allow") for each in documents)

    def _is_only_less(self, action: str) -> bool:
        """Whether each Allow about the action was there before, and each Deny is still there."""
        if self._before.scps != self._after.scps or _is_boundary_changed(self._before, self._after):
            return False
        before, after = (self._rules(each.identity, action) for each in (self._before, self._after))
        is_new = any(effect != "Deny" for effect, _ in after - before)
        return not is_new and not any(effect != "Allow" for effect, _ in before - after)

    def _rules(self, texts: Iterable[NamedDocument], action: str) -> set[tuple[str, object]]:
        """The statements about an action, each with its effect; an invalid document is one of an unknown effect."""
        found: set[tuple[str, object]] = set()
        for text in texts:
            document = self._cache.parsed_document(text, self._own_name).restrict_to(action)
            if document is None:
                found.add(("", text.text))
            else:
                found |= {(each.effect, (document.version, each)) for each in document.statements}
        return found

    def _may_hold_more_often(self, action: str, *, is_named: bool = False) -> bool:
        """Whether the conditions under which an action is allowed after the change may hold where they did not before.

        What depends on a condition is unknown on both sides, so the documents themselves are compared.

        is_named: whether a trust policy allows the action to the holder, so that only its Denies matter.
        """
        old, new = self._before.boundary, self._after.boundary
        for granted in ((), (ALLOW_ALL,)) if is_named else ((),):
            if self._compares_as_more(action, (*granted, *self._before.identity), (*granted, *self._after.identity)):
                return True
        if old is None or not _is_boundary_changed(self._before, self._after):
            return False
        return new is None or self._compares_as_more(action, (old,), (new,))

    def _compares_as_more(self, action: str, old: Sequence[NamedDocument], new: Sequence[NamedDocument]) -> bool:
        parsed = (self._cache.parsed_documents(texts, self._own_name) for texts in (old, new))
        before, after = ([each.restrict_to(action) for each in documents] for documents in parsed)
        known = tuple(each for each in before if each), tuple(each for each in after if each)
        return len(known[0] + known[1]) < len(before + after) or self._cache.allows_more(*known)

    def _request_context(self, own: Iterable[tuple[str, str]] = ()) -> Context:
        keys = self._cache.reference.condition_keys
        return known_context(self._holder, self._cache.account, keys, own)

    def _principal_arn(self) -> str:
        account, name = self._cache.account, self._holder.name or "*"
        if self._holder.kind == "role" and not self._holder.name:
            return account.arn("role", name)  # any role, as a trust policy names it
        if self._holder.kind == "role":
            return f"arn:{account.partition}:sts::{account.id}:assumed-role/{name}/*"
        return self._holder.arn or account.arn("user", name)

    def _candidate_resources(self, escalation: EscalationAction) -> Iterator[str]:
        """One resource per combination of patterns that a resource of the action's kind can match.

        The holder itself is left out where only others count, and so is what is limited by its name, where that counts.
        """
        prefix = escalation.arn_prefix(self._cache.account)
        if not escalation.kind:
            yield prefix
            return
        yield from region_examples(
            prefix,
            self._patterns(escalation.action),
            without_name=self._own_name if escalation.others_only else "",
            unrestricted_only=escalation.unrestricted_only,
        )

    def _patterns(self, action: str) -> frozenset[str]:
        """The resource patterns of all statements about an action, before and after the change."""
        documents = (each for side in self._documents for each in side)
        return frozenset(pattern for each in documents for pattern in each.resource_patterns(action, self._context))

    def _evaluated_policies(self, effective: EffectivePolicies) -> Policies:
        return Policies(
            identity=tuple(self._evaluated_policy(each) for each in effective.identity),
            boundary=None if effective.boundary is None else (self._evaluated_policy(effective.boundary),),
            scps=tuple(tuple(self._evaluated_policy(each) for each in level) for level in effective.scps),
            management_account=effective.management_account,
        )

    def _evaluated_policy(self, text: NamedDocument) -> Policy:
        return Policy("", text.name, self._cache.parsed_document(text, self._own_name).compiled)


def _is_boundary_changed(before: EffectivePolicies, after: EffectivePolicies) -> bool:
    """Whether there was a boundary, and there is a different one or none."""
    old, new = before.boundary, after.boundary
    return old is not None and (new is None or new.text != old.text)
