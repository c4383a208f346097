"""Administration: the ways to it that a plan as a whole gives to principals, and the steps that give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from koding_audit.model.account import PrincipalKind
from koding_audit.model.finding import Action
from koding_audit.remediation.guards.effective_policies import (
    ALLOW_ALL,
    NO_POLICIES,
    EffectivePolicies,
    RoleTrusts,
)
from koding_audit.remediation.guards.effects import PlanEffects
from koding_audit.remediation.guards.entitlements import target_principal
from koding_audit.remediation.guards.escalation import EscalationAnalyzer
from koding_audit.remediation.guards.holders import PolicyHolder
from koding_audit.remediation.guards.messages import document_title, join_first
from koding_audit.remediation.guards.pass_role import pass_role_reason
from koding_audit.remediation.guards.possible_ways import is_uncertain, load_possible_ways


@dataclass(frozen=True, slots=True)
class _Gain:
    """The ways that a plan gives to a holder of policies.

    who: the holder, `user ada`.
    actions: the escalation actions that it did not have.
    holder: the holder.
    effective: its policies after the plan.
    """

    who: str
    actions: frozenset[str]
    holder: PolicyHolder
    effective: EffectivePolicies


@dataclass
class AdministrationJudge:
    """Finds the ways to administration that principals have after a plan and did not have before it.

    effects: the plan with the states before and after it.
    """

    effects: PlanEffects
    _harmless_roles: set[str] = field(default_factory=set)

    @cached_property
    def analyzer(self) -> EscalationAnalyzer:
        return EscalationAnalyzer.of(self.effects.known.account, load_possible_ways(self.effects.known))

    @cached_property
    def _uncertain_ways(self) -> frozenset[str]:
        """The ways that work only if the account manages its organization, where that is not known."""
        ways = self.analyzer.actions
        return frozenset(each.action for each in ways if is_uncertain(each, self.effects.known))

    @cached_property
    def _role_names(self) -> dict[str, str]:
        """The names of the roles that were read, by ARN."""
        return {each.arn: each.name for each in self.effects.after.known_roles()}

    @cached_property
    def _trusts(self) -> RoleTrusts:
        """The trust policies of these roles that were read."""
        return tuple((each.arn, each.trust) for each in self.effects.after.known_roles() if each.trust)

    def grants_by_step(self) -> dict[int, str]:
        """How steps grant administration, as text, by their indexes in the plan."""
        actions = list(self.effects.actions)
        found = dict(self._policy_grants(actions))
        for kind, name, steps in self.effects.principal_steps().values():
            gains = list(self._principal_gains(kind, name, [actions[each] for each in steps]))
            texts = {each: text for each in steps for gain in gains if (text := self._step_text(actions[each], gain))}
            found |= texts or {each: self._gain_text(gain) for each in steps for gain in gains[:1]}
        return dict(sorted(found.items()))

    def _principal_gains(self, kind: PrincipalKind, name: str, actions: list[Action]) -> Iterator[_Gain]:
        """What a principal and, of a group that loses a Deny, each member gain.

        What neither a granted document nor a removed Deny can give needs no other policies.
        """
        holder = self.effects.after.holder(kind, name)
        granted = [text for each in actions for text in self.effects.granted_documents(each)]
        releases = any(self._releases(each) for each in actions)
        if not releases and not any(self._ways(holder, NO_POLICIES, EffectivePolicies((each,))) for each in granted):
            return
        principals: list[tuple[PrincipalKind, str]] = [(kind, name)]
        if kind == "group" and releases:
            principals += [("user", each) for each in self.effects.before.member_names(name)]
        for each in principals:
            before, after = self.effects.before.effective_policies(*each), self.effects.after.effective_policies(*each)
            holder = self.effects.after.holder(*each)
            ways = self._ways(holder, before, after)
            if ways:
                yield _Gain(" ".join(each), ways, holder, after)

    def _policy_grants(self, actions: list[Action]) -> Iterator[tuple[int, str]]:
        """The steps that make a managed policy grant ways. Who has it is not read: it may be any user or role."""
        for index, action in enumerate(actions):
            granted = self.effects.granted_documents(action) if target_principal(action) is None else ()
            removed = self.effects.removed_documents(action) if granted else ()
            text = self._policy_text(action, EffectivePolicies(removed), EffectivePolicies(granted))
            if not text and self._releases(action):
                old, new = (EffectivePolicies((ALLOW_ALL, *each)) for each in (removed, granted))
                text = self._policy_text(action, old, new)
            if text:
                yield index, text

    def _policy_text(self, action: Action, before: EffectivePolicies, after: EffectivePolicies) -> str:
        """How a change of a managed policy grants ways, as text; "" if it grants none."""
        ways = self._ways(PolicyHolder(), before, after)
        gain = _Gain("each principal with the policy", ways, PolicyHolder(), after)
        return (self._step_text(action, gain) or self._gain_text(gain)) if ways else ""

    def _ways(self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies) -> frozenset[str]:
        """The new ways of a holder, those included that only the strength of a role makes one."""
        ways = self.analyzer.new_escalation_actions(holder, before, after)
        ways |= {
            action
            for action, roles in self._newly_reached_roles(holder, before, after).items()
            if action not in ways and self._is_administrator_among(roles)
        }
        return self._with_known_place(ways)

    def _with_known_place(self, ways: frozenset[str]) -> frozenset[str]:
        """The ways; if only the account's place in its organization can make them ways, it must be read."""
        if ways and ways <= self._uncertain_ways:
            self.effects.after.required_reads.add(("organization", ""))
        return ways

    def _newly_reached_roles(
        self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies
    ) -> dict[str, list[str]]:
        """The roles that were read and that a holder may newly pass or assume, by the action."""
        names = self._role_names
        passed = self.analyzer.newly_used_resources(holder, before, after, tuple(names))
        assumed = self.analyzer.newly_assumed_roles(holder, before, after, self._trusts)
        found: dict[str, list[str]] = {}
        for action, arn in (*passed, *assumed):
            found.setdefault(action, []).append(names[arn])
        return found

    def _is_administrator_among(self, roles: Iterable[str]) -> bool:
        """Whether one of these roles has a way after the plan, also by passing or assuming another role."""
        waiting, seen = list(roles), set(self._harmless_roles)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            holder, state = self.effects.after.holder("role", name), self.effects.after
            effective = state.effective_policies("role", name)
            if self._with_known_place(self.analyzer.escalation_actions(holder, effective)):
                return True
            for passed in self._newly_reached_roles(holder, NO_POLICIES, effective).values():
                waiting += passed
            assumable = self.analyzer.assumable_roles(holder, effective, self._trusts)
            waiting += [self._role_names[each] for each in assumable]
        self._harmless_roles |= seen
        return False

    def _releases(self, action: Action) -> bool:
        return any(map(self.analyzer.may_deny_escalation, self.effects.removed_documents(action)))

    def _step_text(self, action: Action, gain: _Gain) -> str:
        """How an action grants ways of a gain, as text; "" if it has no part in it."""
        target = target_principal(action)
        holder = self.effects.after.holder(*target) if target else PolicyHolder()
        ways_by_document = [
            (each, self._ways(holder, NO_POLICIES, EffectivePolicies((each,))) & gain.actions)
            for each in self.effects.granted_documents(action)
        ]
        actions = frozenset(way for _, ways in ways_by_document for way in ways)
        if actions:
            sources = [document_title(each.name) for each, ways in ways_by_document if ways]
            return f"{self._ways_text(gain, actions)} by {join_first(sources)}"
        denying = [
            each for each in self.effects.removed_documents(action) if self.analyzer.may_deny(each, gain.actions)
        ]
        by = join_first(document_title(each.name) for each in denying)
        return f"{self._gain_text(gain)}, by removing the Deny of {by}" if denying else ""

    def _gain_text(self, gain: _Gain) -> str:
        return f"{self._ways_text(gain, gain.actions)} to {gain.who}"

    def _ways_text(self, gain: _Gain, ways: frozenset[str]) -> str:
        """Ways of a gain as text: those that are certain, or else all, with what is not known."""
        certain = ways - self._uncertain_ways
        named = [each.action for each in self.analyzer.actions if each.action in (certain or ways)]
        if named[0] == "iam:PassRole":
            named[0] += pass_role_reason(self.analyzer, gain.holder, gain.effective)
        unknown = "" if certain else ", if the account manages its organization, which is not known,"
        return f"grants administration: {join_first(named)}{unknown}"
