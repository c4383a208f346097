"""Privilege escalation: the actions with which a principal can make itself an administrator, and who may use one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from koding_audit.model.account import Account
from koding_audit.reference.aws_reference import load_reference
from koding_audit.reference.escalations import EscalationAction
from koding_audit.remediation.guards.document_cache import DocumentCache
from koding_audit.remediation.guards.effective_policies import (
    NO_POLICIES,
    EffectivePolicies,
    NamedDocument,
    RoleTrusts,
)
from koding_audit.remediation.guards.holder_change import HolderChange
from koding_audit.remediation.guards.holders import PolicyHolder


@dataclass
class EscalationAnalyzer:
    """Decides which escalation actions a holder may use in an account.

    Each document is parsed once per value of `${aws:username}`, and each change of a holder is decided once.
    """

    actions: tuple[EscalationAction, ...]
    cache: DocumentCache
    _new_actions: dict[tuple[PolicyHolder, EffectivePolicies, EffectivePolicies], frozenset[str]] = field(
        default_factory=dict
    )
    _new_resources: dict[
        tuple[PolicyHolder, EffectivePolicies, EffectivePolicies, tuple[str, ...]], tuple[tuple[str, str], ...]
    ] = field(default_factory=dict)
    _new_sessions: dict[
        tuple[PolicyHolder, bool, EffectivePolicies, EffectivePolicies, RoleTrusts], tuple[tuple[str, str], ...]
    ] = field(default_factory=dict)

    @classmethod
    def of(cls, account: Account, actions: tuple[EscalationAction, ...]) -> EscalationAnalyzer:
        """An analyzer of an account in which nothing is parsed yet."""
        return cls(actions, DocumentCache(account, load_reference()))

    def with_actions(self, actions: tuple[EscalationAction, ...]) -> EscalationAnalyzer:
        """An analyzer of other actions, with the same documents."""
        return EscalationAnalyzer(actions, self.cache)

    @cached_property
    def _by_name(self) -> Mapping[str, EscalationAction]:
        return {each.action: each for each in self.actions}

    def escalation_actions(self, holder: PolicyHolder, effective: EffectivePolicies) -> frozenset[str]:
        """The escalation actions that a holder may use. One that depends on an unknown condition is included.

        One that a Deny, the boundary or an SCP certainly denies is not included.
        """
        return self.new_escalation_actions(holder, NO_POLICIES, effective)

    def new_escalation_actions(
        self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies
    ) -> frozenset[str]:
        """The escalation actions that a holder may use after a change, on a resource on which it could not before."""
        key = (self._known_part(holder, before, after), before, after)
        if key not in self._new_actions:
            cases = [
                (by_whole_name, self._change(each, before, after, by_whole_name=by_whole_name))
                for each, by_whole_name in product(key[0].possible_holders(), (False, True))
            ]
            self._new_actions[key] = frozenset(
                each.action
                for each in self.actions
                if not each.through_role
                and any(case.gains_way(each) for by_name, case in cases if by_name is each.depends_on_names)
            )
        return self._new_actions[key]

    def newly_used_resources(
        self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies, resources: tuple[str, ...]
    ) -> tuple[tuple[str, str], ...]:
        """The actions that names of resources limit, each with those resources on which a holder gains it."""
        key = (self._known_part(holder, before, after), before, after, resources)
        if key not in self._new_resources:
            cases = [self._change(each, before, after) for each in key[0].possible_holders()]
            limited = [each.action for each in self.actions if each.unrestricted_only]
            self._new_resources[key] = tuple(
                (action, resource)
                for case, action in product(cases, limited)
                for resource in case.resources_gained(action, resources)
            )
        return self._new_resources[key]

    def _known_part(self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies) -> PolicyHolder:
        """The holder without its name, if no document is about it: all such holders of a kind are decided once."""
        keys = self.cache.personal_keys
        documents = (self.cache.parsed_document(each, "") for side in (before, after) for each in side.every_document)
        is_personal = any(each.names_holder(holder.name, keys) for each in documents)
        return holder if is_personal else PolicyHolder(holder.kind)

    def newly_assumed_roles(
        self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies, trusts: RoleTrusts
    ) -> tuple[tuple[str, str], ...]:
        """The actions that start a session of a role, each with those roles of which a holder gains it.

        trusts: the trust policies of roles of the account.
        """
        known = holder if self._is_named(holder, trusts) else self._known_part(holder, before, after)
        key = (known, holder.name != "", before, after, trusts)
        if key not in self._new_sessions:
            cases = [self._change(each, before, after) for each in holder.possible_holders()]
            actions = [each.action for each in self.actions if each.through_role]
            self._new_sessions[key] = tuple(
                (action, role) for case, action in product(cases, actions) for role in case.roles_gained(action, trusts)
            )
        return self._new_sessions[key]

    def _is_named(self, holder: PolicyHolder, trusts: RoleTrusts) -> bool:
        """Whether the trust policies may treat this holder differently from others of its kind."""
        return any(self.cache.trust_policy(text).can_single_out(holder) for _, text in trusts)

    def assumable_roles(self, holder: PolicyHolder, effective: EffectivePolicies, trusts: RoleTrusts) -> Iterator[str]:
        """Those of some roles of which a holder may start a session. A trust policy that names it is enough."""
        actions = [each.action for each in self.actions if each.through_role]
        for each in holder.possible_holders() if actions and trusts else ():
            case = self._change(each, NO_POLICIES, effective)
            for action in actions:
                yield from case.roles_assumed(action, trusts)

    def may_deny(self, text: NamedDocument, actions: Iterable[str]) -> bool:
        """Whether a document may deny one of these actions to a principal."""
        found = self.cache.parsed_document(text, "")
        return found.document is None or any(found.has_statement_about(each, "Deny") for each in actions)

    def may_deny_escalation(self, text: NamedDocument) -> bool:
        """Whether a document may deny an escalation action to a principal."""
        return self.may_deny(text, (each.action for each in self.actions))

    def _change(
        self, holder: PolicyHolder, before: EffectivePolicies, after: EffectivePolicies, *, by_whole_name: bool = False
    ) -> HolderChange:
        return HolderChange(self.cache, self._by_name, holder, before, after, by_whole_name=by_whole_name)
