"""The judgement: every guard over a plan, with what it still needs to have read."""

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
_MAX_SHOWN = 3  # of the ways, steps or documents that a message names


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """What the command line says of the guards."""

    max_changes: int = 50
    allow_admin: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan may not be applied. guard: which one says so; hint: how it is lifted."""

    guard: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """needs: what has to be read before it holds; marks: by the index of a step, what it grants of administration."""

    required_reads: frozenset[RequiredRead] = frozenset()
    grants_by_step: Mapping[int, str] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()


def evaluate_guards(
    plan: Plan, known: Snapshot, asked: frozenset[RequiredRead], guards: Guards, limits: GuardLimits
) -> Judgement:
    """Whether a plan may be applied. known: what was read of the account; asked: what was tried to be read for this.

    While there are needs, the judgement is made again with them read; what was asked for and could not be read is a
    refusal of its own.
    """
    case = _PlanEffects(plan, known)
    marks = dict(case.grants_by_step())
    locked_out = tuple(_lockout_refusals(case))
    needs = frozenset(case.entitlements_before.required_reads | case.entitlements_after.required_reads)
    if needs - asked:
        return Judgement(needs - asked)
    refusals = (
        *_max_changes_refusals(plan, guards, limits),
        *_protected_refusals(plan, guards),
        *_forbidden_refusals(plan, guards),
        *(() if limits.allow_admin else _administration_refusals(case, marks)),
        *locked_out,
        *_unread_refusals(known, needs),
    )
    return Judgement(frozenset(), marks, refusals)


def protected_findings(findings: Iterable[Finding], guards: Guards) -> Iterator[tuple[Finding, Reference]]:
    """The findings that have a fix and are not planned because somebody whom it touches is protected."""
    for finding in findings:
        for key in touched_entities(finding.fix) if finding.fix and finding.status != "waived" else ():
            if key[0] != "policy" and (key[0], key[1]) in guards.protected:
                yield finding, guards.protected[key[0], key[1]]
                break


@dataclass
class _PlanEffects:
    """A plan over an account. Both states note what would have to be read for the questions asked of them."""

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
        """What each step grants of administration, by its index."""
        for index, step in enumerate(self.plan.steps):
            said = self._grant_text(step.action) or self._release_text(step.action)
            if said:
                yield index, said

    def granted_documents(self, action: Action) -> tuple[NamedDocument, ...]:
        """The documents that an action gives to whom it touches."""
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
        """The documents that an action takes away from whom it touches."""
        parameters, spec = action.parameters, action.spec
        replaces_default = spec.entity == "policy" and spec.effect in ("put", "set")
        if replaces_default or (spec.effect == "remove" and spec.part == "attachment"):
            return self.entitlements_before.documents([parameters["PolicyArn"]])
        if action.verb is Verb.REMOVE_USER_FROM_GROUP:
            return self.entitlements_before.own_documents("group", parameters["GroupName"])
        whom = target_principal(action)
        if whom and "PolicyName" in parameters:
            name = inline_document_name(self.known, action)
            return self.entitlements_before.documents({name} & self.entitlements_before.document_names(*whom))
        return ()

    def _grant_text(self, action: Action) -> str:
        """The ways that an action gives by itself, and that nothing takes away from whom it gives them to."""
        texts = self.granted_documents(action)
        ways = self._escalation_actions(PolicyHolder(), texts)
        whom = target_principal(action)
        if ways and whom:
            ways &= self._escalation_actions(self.entitlements_after.holder(*whom), texts)
        if ways and whom:
            ways &= self.analyzer.escalation_actions(
                self.entitlements_after.holder(*whom), self.entitlements_after.effective_policies(*whom)
            )
        carrying = [each for each in texts if ways & self._escalation_actions(PolicyHolder(), (each,))]
        return (
            f"grants administration: {_join_first(ways)} by {_join_first(map(document_title, carrying))}"
            if ways
            else ""
        )

    def _release_text(self, action: Action) -> str:
        """The ways that somebody has once an action has taken a Deny away."""
        denying = [each for each in self.removed_documents(action) if self.analyzer.may_deny_escalation(each)]
        if not denying:
            return ""
        by = _join_first(document_title(each) for each in denying)
        for whom, ways in self._new_escalations(action):
            return f"grants administration: {_join_first(ways)} to {whom}, whom {by} denies it"
        return ""

    def _new_escalations(self, action: Action) -> Iterator[tuple[str, frozenset[str]]]:
        """Whom the plan leaves with a way that they did not have, and with which."""
        whom = target_principal(action)
        if whom is None:
            # Who holds a policy is not read: it is whoever may do everything else.
            new = self._escalation_actions(
                PolicyHolder(), (NamedDocument("", _ALLOW_ALL), *self.granted_documents(action))
            )
            new -= self._escalation_actions(
                PolicyHolder(), (NamedDocument("", _ALLOW_ALL), *self.removed_documents(action))
            )
            yield from [("whoever holds it", new)] if new else []
            return
        members = self.entitlements_before.member_names(whom[1]) if whom[0] == "group" else ()
        everybody: list[tuple[PrincipalKind, str]] = [whom, *(("user", each) for each in members)]
        for kind, name in everybody:
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
    """The lower limit holds; where both are too low, both are told."""
    count = len(plan.steps)
    if guards.max_changes and count > guards.max_changes[0]:
        most, source = guards.max_changes
        place = f"{source.path}:{source.line}:{source.column}"
        lift = (
            "nothing was written; look at it with --dry-run, and divide it; only the owner of that file can allow more"
        )
        message = f"the plan has {pluralize(count, 'change')}, and {most} are allowed by {place}"
        yield Refusal("max-changes", message, lift)
    if count > limits.max_changes:
        lift = f"nothing was written; look at it with --dry-run, then allow it with --max-changes {count}"
        message = f"the plan has {pluralize(count, 'change')}, and {limits.max_changes} are allowed"
        yield Refusal("max-changes", message, lift)


def _protected_refusals(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """A plan of ours never has such a step; one that was written by hand, or an undo, may."""
    found = {key for step in plan.steps for key in touched_entities(step.action)}
    for key, reference in guards.protected.items():
        if key in found:
            yield Refusal(
                "protected",
                f"the plan touches {reference.name}, which is protected by {_source_place(reference)}",
                "nothing was written; only the owner of that file can allow it",
            )


def _forbidden_refusals(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    for ref in guards.forbidden:
        if any(is_same_policy(arn, ref.arn) for arn in _written_policies(plan)):
            yield Refusal(
                "forbidden",
                f"the plan attaches or writes {policy_name(ref.arn)}, which is forbidden by {_source_place(ref)}",
                "nothing was written; only the owner of that file can allow it",
            )


def _written_policies(plan: Plan) -> Iterator[str]:
    """The managed policies that a plan attaches, makes or gives another default version."""
    for action in (step.action for step in plan.steps):
        spec = action.spec
        if spec.is_attach or (spec.entity == "policy" and not spec.is_removal):
            yield action_policy_arn(action, plan.basis.account)


def _administration_refusals(case: _PlanEffects, marks: Mapping[int, str]) -> Iterator[Refusal]:
    if marks:
        steps = [f"{case.plan.steps[index].action.verb.value} {said}" for index, said in sorted(marks.items())]
        yield Refusal(
            "administration",
            f"the plan would make an administrator of somebody: {_join_first(steps, '; ')}",
            "nothing was written; if that is meant, allow it with --allow-admin",
        )


def _lockout_refusals(case: _PlanEffects) -> Iterator[Refusal]:
    for said in caller_losses(
        case.plan, case.entitlements_before, case.entitlements_after, case.granted_documents, case.removed_documents
    ):
        whom = " ".join(caller_key(case.known) or ())
        yield Refusal(
            "lockout",
            f"the plan takes something away from its own caller, {whom}: {said}",
            "nothing was written; run it with the credentials of somebody whom it does not touch",
        )


def _unread_refusals(known: Snapshot, needs: frozenset[RequiredRead]) -> Iterator[Refusal]:
    """What could not be read, and without which the other guards do not know."""
    for what, name in sorted(needs):
        subject = name if what == "document" else f"{'group' if what == 'members' else what}/{name}"
        gap = next((each for each in reversed(known.gaps) if each.subject == subject), None)
        about = document_title(NamedDocument(name, "")) if what == "document" else subject.replace("/", " ", 1)
        why = f": {gap.call}: {gap.reason}" if gap else ""
        grant = f"the caller needs {gap.permission}" if gap and gap.permission else "see why, and run it again"
        message = f"what the plan would grant or take away is not known: {about} could not be read{why}"
        yield Refusal("unread", message, f"nothing was written; {grant}")


def document_title(text: NamedDocument) -> str:
    """A document as people call it: `IAMFullAccess`, `version v3 of customer:edge`, `inline policy own of user ada`."""
    arn, _, version = text.name.partition("@") if text.name.startswith("arn:") else ("", "", "")
    if arn:
        return f"version {version} of {policy_name(arn)}" if version else policy_name(arn)
    kind, _, rest = text.name.partition("/")
    name, _, policy = rest.partition("/")
    return f"inline policy {policy} of {kind} {name}"


def _join_first(texts: Iterable[str], between: str = ", ") -> str:
    every = sorted(texts) if isinstance(texts, frozenset) else list(texts)
    more = len(every) - _MAX_SHOWN
    return between.join(every[:_MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _source_place(said: Reference | PolicyRef) -> str:
    return f"{said.location.path}:{said.location.line}:{said.location.column}"
