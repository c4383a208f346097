"""What a plan does to an account: the documents that each step gives and takes, and the state before and after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from koding_audit.model.account import PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.finding import Action
from koding_audit.model.plan import Plan
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards.effective_policies import NamedDocument
from koding_audit.remediation.guards.entitlements import (
    Entitlements,
    RequiredRead,
    inline_document_name,
    snapshot_after,
    target_principal,
)
from koding_audit.remediation.plan import action_policy_arn


@dataclass
class PlanEffects:
    """An account before and after a plan; both states collect the reads that are missing.

    plan: the plan.
    known: what was read of the account.
    """

    plan: Plan
    known: Snapshot

    @cached_property
    def before(self) -> Entitlements:
        return Entitlements(self.known)

    @cached_property
    def after(self) -> Entitlements:
        return Entitlements(snapshot_after(self.known, self.plan))

    @property
    def required_reads(self) -> frozenset[RequiredRead]:
        """What was needed until now and is missing."""
        return frozenset(self.before.required_reads | self.after.required_reads)

    @property
    def actions(self) -> Iterator[Action]:
        """The actions of the plan, in their order."""
        return (step.action for step in self.plan.steps)

    def principal_steps(self) -> dict[PrincipalKey, tuple[PrincipalKind, str, tuple[int, ...]]]:
        """The principals that steps give to or take from: kind, name, and the indexes of these steps."""
        found: dict[PrincipalKey, tuple[PrincipalKind, str, tuple[int, ...]]] = {}
        for index, action in enumerate(self.actions):
            target = target_principal(action)
            if target is not None:
                key = principal_key(*target)
                kind, name, steps = found.get(key, (*target, ()))
                found[key] = kind, name, (*steps, index)
        return found

    def granted_documents(self, action: Action) -> tuple[NamedDocument, ...]:
        """The documents that an action gives, as they are after the whole plan."""
        parameters = action.parameters
        if action.spec.is_attach:
            return self.after.documents([parameters["PolicyArn"]])
        if action.verb is Verb.ADD_USER_TO_GROUP:
            return self.after.own_documents("group", parameters["GroupName"])
        if action.verb is Verb.SET_DEFAULT_POLICY_VERSION:
            return self.before.documents([f"{parameters['PolicyArn']}@{parameters['VersionId']}"])
        if action.spec.is_inline_put:
            return (NamedDocument(inline_document_name(self.known, action), parameters["PolicyDocument"]),)
        if action.verb is Verb.CREATE_POLICY or parameters.get("SetAsDefault"):
            return (NamedDocument(action_policy_arn(action, self.known.account), parameters["PolicyDocument"]),)
        return ()

    def removed_documents(self, action: Action) -> tuple[NamedDocument, ...]:
        """The documents that an action takes away, as they were before the plan."""
        parameters, spec = action.parameters, action.spec
        is_detach = spec.effect == "remove" and spec.part == "attachment"
        if is_detach or action.verb is Verb.SET_DEFAULT_POLICY_VERSION or parameters.get("SetAsDefault"):
            return self.before.documents([parameters["PolicyArn"]])
        if action.verb is Verb.REMOVE_USER_FROM_GROUP:
            return self.before.own_documents("group", parameters["GroupName"])
        target = target_principal(action)
        if target and "PolicyName" in parameters:
            name = inline_document_name(self.known, action).casefold()
            return self.before.documents(
                each for each in self.before.document_names(*target) if each.casefold() == name
            )
        return ()
