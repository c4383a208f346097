"""Checks a plan with every guard, and lists what must still be read for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from koding_audit.aws.call import NO_SUCH_ENTITY
from koding_audit.io.text import pluralize
from koding_audit.model.arn import is_same_policy, policy_name
from koding_audit.model.desired import Guards, PolicyRef
from koding_audit.model.finding import Finding, touched_entities
from koding_audit.model.location import Reference
from koding_audit.model.plan import Plan
from koding_audit.model.query import Fact
from koding_audit.model.snapshot import Snapshot
from koding_audit.remediation.guards.administration import AdministrationJudge
from koding_audit.remediation.guards.effects import PlanEffects
from koding_audit.remediation.guards.entitlements import RequiredRead
from koding_audit.remediation.guards.lockout import caller_key, caller_losses
from koding_audit.remediation.guards.messages import document_title, join_first
from koding_audit.remediation.guards.protection import protected_changes
from koding_audit.remediation.plan import action_policy_arn


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
    effects = PlanEffects(plan, known)
    grants = AdministrationJudge(effects).grants_by_step()
    locked_out = tuple(_lockout_refusals(effects))
    protected = tuple(_protected_refusals(effects, guards))
    required = effects.required_reads
    if required - attempted:
        return Judgement(required - attempted)
    refusals = (
        *_max_changes_refusals(plan, guards, limits),
        *protected,
        *_forbidden_refusals(plan, guards),
        *(() if limits.allow_admin else _administration_refusals(plan, known, grants)),
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


def _protected_refusals(effects: PlanEffects, guards: Guards) -> Iterator[Refusal]:
    """What changes a protected principal. Only a plan that was edited by hand, or an undo, has a step about itself."""
    for what, reference in protected_changes(effects, guards):
        yield Refusal(
            "protected",
            f"the plan changes {what}, which is protected by {_source_place(reference)}",
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


def _administration_refusals(plan: Plan, known: Snapshot, grants: Mapping[int, str]) -> Iterator[Refusal]:
    if grants:
        steps = [f"{plan.steps[index].action.verb.value} {text}" for index, text in sorted(grants.items())]
        gap = next((each for each in known.gaps if each.fact is Fact.ORGANIZATION), None)
        step = f"allow the caller {gap.permission}" if gap and gap.permission else "fix the cause"
        unread = f"{gap.call} failed with {gap.reason}: {step}; " if gap else ""
        yield Refusal(
            "administration",
            f"the plan would make a principal an administrator: {join_first(steps, '; ')}",
            f"nothing was written; {unread}if this is intended, allow it with --allow-admin",
        )


def _lockout_refusals(effects: PlanEffects) -> Iterator[Refusal]:
    for loss in caller_losses(effects):
        caller = " ".join(caller_key(effects.known) or ())
        yield Refusal(
            "lockout",
            f"the plan takes permissions away from its own caller, {caller}: {loss}",
            "nothing was written; use the credentials of a principal that the plan does not change",
        )


def _unread_refusals(known: Snapshot, required: frozenset[RequiredRead]) -> Iterator[Refusal]:
    """The facts that the guards need and that could not be read."""
    for what, name in sorted(each for each in required if each[0] != "organization"):
        subject = name if what == "document" else f"{'group' if what == 'members' else what}/{name}"
        gap = next((each for each in reversed(known.gaps) if each.subject == subject), None)
        about = document_title(name) if what == "document" else subject.replace("/", " ", 1)
        why = f": {gap.call}: {gap.reason}" if gap else ""
        step = f"allow the caller {gap.permission}" if gap and gap.permission else "fix the cause, then run it again"
        if gap and gap.reason == NO_SUCH_ENTITY:
            step = "it was deleted or renamed meanwhile: run it again, or correct its name in the file"
        message = f"the guards could not check the plan: {about} could not be read{why}"
        yield Refusal("unread", message, f"nothing was written; {step}")


def _source_place(item: Reference | PolicyRef) -> str:
    return f"{item.location.path}:{item.location.line}:{item.location.column}"
