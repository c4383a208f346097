"""Checks a plan with every guard, and lists what must still be read for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from koding_audit.io.text import pluralize
from koding_audit.model.account import PrincipalKind
from koding_audit.model.arn import is_same_policy, policy_name
from koding_audit.model.desired import Guards, PolicyRef
from koding_audit.model.finding import Action, Finding, touched_entities
from koding_audit.model.location import Reference
from koding_audit.model.plan import Plan
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards.entitlements import (
    Entitlements,
    RequiredRead,
    inline_document_name,
    snapshot_after,
    target_principal,
)
from koding_audit.remediation.guards.escalation import (
    EffectivePolicies,
    EscalationAnalyzer,
    NamedDocument,
    PolicyHolder,
)
from koding_audit.remediation.guards.lockout import caller_key, caller_losses
from koding_audit.remediation.plan import action_policy_arn

_ALLOW_ALL = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
_MAX_SHOWN = 3  # actions, steps or documents that a message names


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """The limits that the command line sets.

    max_changes: the highest number of steps.
    allow_admin: whether a plan may grant administration.
    """

    max_changes: int = 50
    allow_admin: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a guard refuses a plan.

    guard: the name of the guard.
    message: what is wrong.
    hint: how to continue.
    """

    guard: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of the guards for a plan.

    required_reads: what must be read first; if there is any, the other fields are empty.
    grants_by_step: how a step grants administration, by its index in the plan.
    refusals: why the plan may not be applied.
    """

    required_reads: frozenset[RequiredRead] = frozenset()
    grants_by_step: Mapping[int, str] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()


def evaluate_guards(
    plan: Plan, known: Snapshot, attempted: frozenset[RequiredRead], guards: Guards, limits: GuardLimits
) -> Judgement:
    """The result of the guards for a plan.

    known: what was read of the account.
    attempted: the reads that were tried for the guards; one of them that is still missing is a refusal.

    If the result requires reads, the caller makes them and calls this again.
    """
    case = _PlanEffects(plan, known)
    grants = dict(case.grants_by_step())
    locked_out = tuple(_lockout_refusals(case))
    required = frozenset(case.entitlements_before.required_reads | case.entitlements_after.required_reads)
    if required - attempted:
        return Judgement(required - attempted)
    refusals = (
        *_max_changes_refusals(plan, guards, limits),
        *_protected_refusals(plan, guards),
        *_forbidden_refusals(plan, guards),
        *(() if limits.allow_admin else _administration_refusals(case, grants)),
        *locked_out,
        *_unread_refusals(known, required),
    )
    return Judgement(frozenset(), grants, refusals)


def protected_findings(findings: Iterable[Finding], guards: Guards) -> Iterator[tuple[Finding, Reference]]:
    """The findings whose fix would change a protected principal, each with the declaration that protects it."""
    for finding in findings:
        for key in touched_entities(finding.fix) if finding.fix and finding.status != "waived" else ():
            if key[0] != "policy" and (key[0], key[1]) in guards.protected:
                yield finding, guards.protected[key[0], key[1]]
                break


@dataclass
class _PlanEffects:
    """An account before and after a plan; both states collect the reads that are missing.

    plan: the plan.
    known: what was read of the account.
    """

    plan: Plan
    known: Snapshot

    @cached_property
    def entitlements_before(self) -> Entitlements:
        return Entitlements(self.known)

    @cached_property
    def entitlements_after(self) -> Entitlements:
        return Entitlements(snapshot_after(self.known, self.plan))

    @cached_property
    def analyzer(self) -> EscalationAnalyzer:
        return EscalationAnalyzer.of(self.known.account)

    def grants_by_step(self) -> Iterator[tuple[int, str]]:
        """How a step grants administration, with its index."""
        for index, step in enumerate(self.plan.steps):
            text = self._grant_text(step.action) or self._release_text(step.action)
            if text:
                yield index, text

    def granted_documents(self, action: Action) -> tuple[NamedDocument, ...]:
        """The documents that an action grants."""
        parameters = action.parameters
        if action.spec.is_attach:
            return self.entitlements_after.documents([parameters["PolicyArn"]])
        if action.verb is Verb.ADD_USER_TO_GROUP:
            return self.entitlements_before.own_documents("group", parameters["GroupName"])
        if action.verb is Verb.SET_DEFAULT_POLICY_VERSION:
            return self.entitlements_before.documents([f"{parameters['PolicyArn']}@{parameters['VersionId']}"])
        if action.spec.is_inline_put:
            return (NamedDocument(inline_document_name(self.known, action), parameters["PolicyDocument"]),)
        if "PolicyDocument" in parameters:
            return (NamedDocument(action_policy_arn(action, self.known.account), parameters["PolicyDocument"]),)
        return ()

    def removed_documents(self, action: Action) -> tuple[NamedDocument, ...]:
        """The documents that an action takes away."""
        parameters, spec = action.parameters, action.spec
        replaces_default = spec.entity == "policy" and spec.effect in ("put", "set")
        if replaces_default or (spec.effect == "remove" and spec.part == "attachment"):
            return self.entitlements_before.documents([parameters["PolicyArn"]])
        if action.verb is Verb.REMOVE_USER_FROM_GROUP:
            return self.entitlements_before.own_documents("group", parameters["GroupName"])
        target = target_principal(action)
        if target and "PolicyName" in parameters:
            name = inline_document_name(self.known, action)
            return self.entitlements_before.documents({name} & self.entitlements_before.document_names(*target))
        return ()

    def _grant_text(self, action: Action) -> str:
        """The escalation actions that an action grants, as text; "" if its target may still not use any of them."""
        texts = self.granted_documents(action)
        actions = self._escalation_actions(PolicyHolder(), texts)
        target = target_principal(action)
        if actions and target:
            actions &= self._escalation_actions(self.entitlements_after.holder(*target), texts)
        if actions and target:
            actions &= self.analyzer.escalation_actions(
                self.entitlements_after.holder(*target), self.entitlements_after.effective_policies(*target)
            )
        sources = [each for each in texts if actions & self._escalation_actions(PolicyHolder(), (each,))]
        return (
            f"grants administration: {_join_first(actions)} by {_join_first(map(document_title, sources))}"
            if actions
            else ""
        )

    def _release_text(self, action: Action) -> str:
        """The escalation actions that a principal gets because an action removes a Deny, as text; "" if none."""
        denying = [each for each in self.removed_documents(action) if self.analyzer.may_deny_escalation(each)]
        if not denying:
            return ""
        by = _join_first(document_title(each) for each in denying)
        for holder, actions in self._new_escalations(action):
            return f"grants administration: {_join_first(actions)} to {holder}, by removing the Deny of {by}"
        return ""

    def _new_escalations(self, action: Action) -> Iterator[tuple[str, frozenset[str]]]:
        """The principals that the plan gives escalation actions which they did not have, each with these actions."""
        target = target_principal(action)
        if target is None:
            # The principals with the policy are not read, so this assumes one that may do everything else.
            new = self._escalation_actions(
                PolicyHolder(), (NamedDocument("", _ALLOW_ALL), *self.granted_documents(action))
            )
            new -= self._escalation_actions(
                PolicyHolder(), (NamedDocument("", _ALLOW_ALL), *self.removed_documents(action))
            )
            yield from [("each principal with the policy", new)] if new else []
            return
        members = self.entitlements_before.member_names(target[1]) if target[0] == "group" else ()
        principals: list[tuple[PrincipalKind, str]] = [target, *(("user", each) for each in members)]
        for kind, name in principals:
            old = self.analyzer.escalation_actions(
                self.entitlements_before.holder(kind, name), self.entitlements_before.effective_policies(kind, name)
            )
            new = (
                self.analyzer.escalation_actions(
                    self.entitlements_after.holder(kind, name), self.entitlements_after.effective_policies(kind, name)
                )
                - old
            )
            if new:
                yield f"{kind} {name}", new

    def _escalation_actions(self, holder: PolicyHolder, texts: tuple[NamedDocument, ...]) -> frozenset[str]:
        return self.analyzer.escalation_actions(holder, EffectivePolicies(texts)) if texts else frozenset()


def _max_changes_refusals(plan: Plan, guards: Guards, limits: GuardLimits) -> Iterator[Refusal]:
    """The limits of the guards file and of the command line; the plan must meet both."""
    count = len(plan.steps)
    if guards.max_changes and count > guards.max_changes[0]:
        most, source = guards.max_changes
        place = f"{source.path}:{source.line}:{source.column}"
        hint = "nothing was written; split the plan, or ask the owner of that file to raise the limit"
        message = f"the plan has {pluralize(count, 'change')}, and {place} allows {most}"
        yield Refusal("max-changes", message, hint)
    if count > limits.max_changes:
        hint = f"nothing was written; check the plan with --dry-run, then allow it with --max-changes {count}"
        message = f"the plan has {pluralize(count, 'change')}, and --max-changes allows {limits.max_changes}"
        yield Refusal("max-changes", message, hint)


def _protected_refusals(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """The steps that change a protected principal; only a plan that was edited by hand, or an undo, has such a step."""
    found = {key for step in plan.steps for key in touched_entities(step.action)}
    for key, reference in guards.protected.items():
        if key in found:
            yield Refusal(
                "protected",
                f"the plan changes {reference.name}, which is protected by {_source_place(reference)}",
                "nothing was written; ask the owner of that file to allow it",
            )


def _forbidden_refusals(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    for ref in guards.forbidden:
        if any(is_same_policy(arn, ref.arn) for arn in _written_policies(plan)):
            yield Refusal(
                "forbidden",
                f"the plan attaches or writes {policy_name(ref.arn)}, which is forbidden by {_source_place(ref)}",
                "nothing was written; ask the owner of that file to allow it",
            )


def _written_policies(plan: Plan) -> Iterator[str]:
    """The managed policies that a plan attaches, creates or gives another default version."""
    for action in (step.action for step in plan.steps):
        spec = action.spec
        if spec.is_attach or (spec.entity == "policy" and not spec.is_removal):
            yield action_policy_arn(action, plan.basis.account)


def _administration_refusals(case: _PlanEffects, grants: Mapping[int, str]) -> Iterator[Refusal]:
    if grants:
        steps = [f"{case.plan.steps[index].action.verb.value} {text}" for index, text in sorted(grants.items())]
        yield Refusal(
            "administration",
            f"the plan would make a principal an administrator: {_join_first(steps, '; ')}",
            "nothing was written; if this is intended, allow it with --allow-admin",
        )


def _lockout_refusals(case: _PlanEffects) -> Iterator[Refusal]:
    for loss in caller_losses(
        case.plan, case.entitlements_before, case.entitlements_after, case.granted_documents, case.removed_documents
    ):
        caller = " ".join(caller_key(case.known) or ())
        yield Refusal(
            "lockout",
            f"the plan takes permissions away from its own caller, {caller}: {loss}",
            "nothing was written; use the credentials of a principal that the plan does not change",
        )


def _unread_refusals(known: Snapshot, required: frozenset[RequiredRead]) -> Iterator[Refusal]:
    """The facts that the guards need and that could not be read."""
    for what, name in sorted(required):
        subject = name if what == "document" else f"{'group' if what == 'members' else what}/{name}"
        gap = next((each for each in reversed(known.gaps) if each.subject == subject), None)
        about = document_title(NamedDocument(name, "")) if what == "document" else subject.replace("/", " ", 1)
        why = f": {gap.call}: {gap.reason}" if gap else ""
        step = f"allow the caller {gap.permission}" if gap and gap.permission else "fix the cause, then run it again"
        message = f"the guards could not check the plan: {about} could not be read{why}"
        yield Refusal("unread", message, f"nothing was written; {step}")


def document_title(text: NamedDocument) -> str:
    """The title of a document: `IAMFullAccess`, `version v3 of customer:edge`, `inline policy own of user ada`."""
    arn, _, version = text.name.partition("@") if text.name.startswith("arn:") else ("", "", "")
    if arn:
        return f"version {version} of {policy_name(arn)}" if version else policy_name(arn)
    kind, _, rest = text.name.partition("/")
    name, _, policy = rest.partition("/")
    return f"inline policy {policy} of {kind} {name}"


def _join_first(texts: Iterable[str], separator: str = ", ") -> str:
    items = sorted(texts) if isinstance(texts, frozenset) else list(texts)
    more = len(items) - _MAX_SHOWN
    return separator.join(items[:_MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _source_place(item: Reference | PolicyRef) -> str:
    return f"{item.location.path}:{item.location.line}:{item.location.column}"
