"""The judgement: every guard over a plan, with what it still needs to have read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from koding_audit.arns import policy_name, same_policy
from koding_audit.guards.administration import Administration, Bearing, Holder, Text
from koding_audit.guards.holdings import Holdings, Need, after, inline_name, named
from koding_audit.guards.lockout import caller_key, taken_from_caller
from koding_audit.model import Action, Finding, Guards, Kind, Plan, PolicyRef, Reference, Snapshot, Verb
from koding_audit.plan import policy_arn, touched
from koding_audit.words import counted

_EVERYTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
_SHOWN = 3  # of the ways, steps or documents that a message names


@dataclass(frozen=True, slots=True)
class Limits:
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

    needs: frozenset[Need] = frozenset()
    marks: Mapping[int, str] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()


def judge(plan: Plan, known: Snapshot, asked: frozenset[Need], guards: Guards, limits: Limits) -> Judgement:
    """Whether a plan may be applied. known: what was read of the account; asked: what was tried to be read for this.

    While there are needs, the judgement is made again with them read; what was asked for and could not be read is a
    refusal of its own.
    """
    case = _Case(plan, known)
    marks = dict(case.marks())
    locked_out = tuple(_lockout(case))
    needs = frozenset(case.before.needs | case.after.needs)
    if needs - asked:
        return Judgement(needs - asked)
    refusals = (
        *_changes(plan, guards, limits),
        *_protected(plan, guards),
        *_forbidden(plan, guards),
        *(() if limits.allow_admin else _administration(case, marks)),
        *locked_out,
        *_unread(known, needs),
    )
    return Judgement(frozenset(), marks, refusals)


def kept_back(findings: Iterable[Finding], guards: Guards) -> Iterator[tuple[Finding, Reference]]:
    """The findings that have a fix and are not planned because somebody whom it touches is protected."""
    for finding in findings:
        for key in touched(finding.fix) if finding.fix and finding.status != "waived" else ():
            if key[0] != "policy" and (key[0], key[1]) in guards.protected:
                yield finding, guards.protected[key[0], key[1]]
                break


@dataclass
class _Case:
    """A plan over an account. Both states note what would have to be read for the questions asked of them."""

    plan: Plan
    known: Snapshot

    @cached_property
    def before(self) -> Holdings:
        return Holdings(self.known)

    @cached_property
    def after(self) -> Holdings:
        return Holdings(after(self.known, self.plan))

    @cached_property
    def administration(self) -> Administration:
        return Administration.of(self.known.account)

    def marks(self) -> Iterator[tuple[int, str]]:
        """What each step grants of administration, by its index."""
        for index, step in enumerate(self.plan.steps):
            said = self._granted(step.action) or self._released(step.action)
            if said:
                yield index, said

    def given(self, action: Action) -> tuple[Text, ...]:
        """The documents that an action gives to whom it touches."""
        parameters, verb = action.parameters, action.verb.value
        if verb.startswith("Attach"):
            return self.after.texts([parameters["PolicyArn"]])
        if action.verb is Verb.ADD_USER_TO_GROUP:
            return self.before.own("group", parameters["GroupName"])
        if action.verb is Verb.SET_DEFAULT_POLICY_VERSION:
            return self.before.texts([f"{parameters['PolicyArn']}@{parameters['VersionId']}"])
        if verb.startswith("Put"):
            return (Text(inline_name(self.known, action), parameters["PolicyDocument"]),)
        if "PolicyDocument" in parameters:
            return (Text(policy_arn(action, self.known.account), parameters["PolicyDocument"]),)
        return ()

    def taken(self, action: Action) -> tuple[Text, ...]:
        """The documents that an action takes away from whom it touches."""
        parameters, verb = action.parameters, action.verb.value
        if verb.startswith("Detach") or action.verb in (Verb.CREATE_POLICY_VERSION, Verb.SET_DEFAULT_POLICY_VERSION):
            return self.before.texts([parameters["PolicyArn"]])
        if action.verb is Verb.REMOVE_USER_FROM_GROUP:
            return self.before.own("group", parameters["GroupName"])
        whom = named(action)
        if whom and "PolicyName" in parameters:
            name = inline_name(self.known, action)
            return self.before.texts({name} & self.before.names(*whom))
        return ()

    def _granted(self, action: Action) -> str:
        """The ways that an action gives by itself, and that nothing takes away from whom it gives them to."""
        texts = self.given(action)
        ways = self._ways(Holder(), texts)
        whom = named(action)
        if ways and whom:
            ways &= self._ways(self.after.holder(*whom), texts)
        if ways and whom:
            ways &= self.administration.ways(self.after.holder(*whom), self.after.bearing(*whom))
        carrying = [each for each in texts if ways & self._ways(Holder(), (each,))]
        return f"grants administration: {_listed(ways)} by {_listed(map(title, carrying))}" if ways else ""

    def _released(self, action: Action) -> str:
        """The ways that somebody has once an action has taken a Deny away."""
        denying = [each for each in self.taken(action) if self.administration.denies(each)]
        if not denying:
            return ""
        by = _listed(title(each) for each in denying)
        for whom, ways in self._freed(action):
            return f"grants administration: {_listed(ways)} to {whom}, whom {by} denies it"
        return ""

    def _freed(self, action: Action) -> Iterator[tuple[str, frozenset[str]]]:
        """Whom the plan leaves with a way that they did not have, and with which."""
        whom = named(action)
        if whom is None:
            # Who holds a policy is not read: it is whoever may do everything else.
            new = self._ways(Holder(), (Text("", _EVERYTHING), *self.given(action)))
            new -= self._ways(Holder(), (Text("", _EVERYTHING), *self.taken(action)))
            yield from [("whoever holds it", new)] if new else []
            return
        members = self.before.members(whom[1]) if whom[0] == "group" else ()
        everybody: list[tuple[Kind, str]] = [whom, *(("user", each) for each in members)]
        for kind, name in everybody:
            old = self.administration.ways(self.before.holder(kind, name), self.before.bearing(kind, name))
            new = self.administration.ways(self.after.holder(kind, name), self.after.bearing(kind, name)) - old
            if new:
                yield f"{kind} {name}", new

    def _ways(self, holder: Holder, texts: tuple[Text, ...]) -> frozenset[str]:
        return self.administration.ways(holder, Bearing(texts)) if texts else frozenset()


def _changes(plan: Plan, guards: Guards, limits: Limits) -> Iterator[Refusal]:
    """The lower limit holds; where both are too low, both are told."""
    count = len(plan.steps)
    if guards.max_changes and count > guards.max_changes[0]:
        most, source = guards.max_changes
        place = f"{source.path}:{source.line}:{source.column}"
        lift = (
            "nothing was written; look at it with --dry-run, and divide it; only the owner of that file can allow more"
        )
        message = f"the plan has {counted(count, 'change')}, and {most} are allowed by {place}"
        yield Refusal("max-changes", message, lift)
    if count > limits.max_changes:
        lift = f"nothing was written; look at it with --dry-run, then allow it with --max-changes {count}"
        message = f"the plan has {counted(count, 'change')}, and {limits.max_changes} are allowed"
        yield Refusal("max-changes", message, lift)


def _protected(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """A plan of ours never has such a step; one that was written by hand, or an undo, may."""
    found = {key for step in plan.steps for key in touched(step.action)}
    for key, reference in guards.protected.items():
        if key in found:
            yield Refusal(
                "protected",
                f"the plan touches {reference.name}, which is protected by {_place(reference)}",
                "nothing was written; only the owner of that file can allow it",
            )


def _forbidden(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    for ref in guards.forbidden:
        if any(same_policy(arn, ref.arn) for arn in _written(plan)):
            yield Refusal(
                "forbidden",
                f"the plan attaches or writes {policy_name(ref.arn)}, which is forbidden by {_place(ref)}",
                "nothing was written; only the owner of that file can allow it",
            )


def _written(plan: Plan) -> Iterator[str]:
    """The managed policies that a plan attaches, makes or gives another default version."""
    writes = (Verb.CREATE_POLICY, Verb.CREATE_POLICY_VERSION, Verb.SET_DEFAULT_POLICY_VERSION)
    for action in (step.action for step in plan.steps):
        if action.verb in writes or action.verb.value.startswith("Attach"):
            yield policy_arn(action, plan.basis.account)


def _administration(case: _Case, marks: Mapping[int, str]) -> Iterator[Refusal]:
    if marks:
        steps = [f"{case.plan.steps[index].action.verb.value} {said}" for index, said in sorted(marks.items())]
        yield Refusal(
            "administration",
            f"the plan would make an administrator of somebody: {_listed(steps, '; ')}",
            "nothing was written; if that is meant, allow it with --allow-admin",
        )


def _lockout(case: _Case) -> Iterator[Refusal]:
    for said in taken_from_caller(case.plan, case.before, case.after, case.given, case.taken):
        whom = " ".join(caller_key(case.known) or ())
        yield Refusal(
            "lockout",
            f"the plan takes something away from its own caller, {whom}: {said}",
            "nothing was written; run it with the credentials of somebody whom it does not touch",
        )


def _unread(known: Snapshot, needs: frozenset[Need]) -> Iterator[Refusal]:
    """What could not be read, and without which the other guards do not know."""
    for what, name in sorted(needs):
        subject = name if what == "document" else f"{'group' if what == 'members' else what}/{name}"
        gap = next((each for each in reversed(known.gaps) if each.subject == subject), None)
        about = title(Text(name, "")) if what == "document" else subject.replace("/", " ", 1)
        why = f": {gap.call}: {gap.reason}" if gap else ""
        grant = f"the caller needs {gap.permission}" if gap and gap.permission else "see why, and run it again"
        message = f"what the plan would grant or take away is not known: {about} could not be read{why}"
        yield Refusal("unread", message, f"nothing was written; {grant}")


def title(text: Text) -> str:
    """A document as people call it: `IAMFullAccess`, `version v3 of customer:edge`, `inline policy own of user ada`."""
    arn, _, version = text.name.partition("@") if text.name.startswith("arn:") else ("", "", "")
    if arn:
        return f"version {version} of {policy_name(arn)}" if version else policy_name(arn)
    kind, _, rest = text.name.partition("/")
    name, _, policy = rest.partition("/")
    return f"inline policy {policy} of {kind} {name}"


def _listed(texts: Iterable[str], between: str = ", ") -> str:
    every = sorted(texts) if isinstance(texts, frozenset) else list(texts)
    more = len(every) - _SHOWN
    return between.join(every[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _place(said: Reference | PolicyRef) -> str:
    return f"{said.source.path}:{said.source.line}:{said.source.column}"
