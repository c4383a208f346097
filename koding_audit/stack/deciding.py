"""Whether a need is allowed where its resource is known in part: for all that it may be, for some, or for none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from koding_audit.arns import owner_of
from koding_audit.difference.patterns import Space, Tokens, TooManyStates, Wild, in_parts
from koding_audit.evaluate import Because, Context, Decision, Policies, Policy, Request, Verdict, decide
from koding_audit.evaluate.patterns import ONE, STAR
from koding_audit.evaluate.truth import Unsure
from koding_audit.model import StackNeed

_TEMPLATE = 1 << 0  # the need's own resource, among the elements of a space
# Of these the evaluator asks what the resource is, whatever the statements say of it.
_BY_KIND = ("kms:", "sts:")

About = tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]]  # what is asked but for the resource
NeedKind = tuple[About, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """The decision about every need of a kind. example: the resource that it was made for, which its reasons name."""

    decision: Decision
    example: str

    @property
    def verdict(self) -> Verdict:
        return self.decision.verdict

    def about(self, need: StackNeed) -> Decision:
        """The decision about one of them, its reasons worded for what the script says of its resource."""
        same = need.resource == self.example
        return self.decision if same else _about(self.decision, self.example, need.resource)


@dataclass
class Judge:
    """Decisions about one principal's policies. asks: the request for a need, on one resource that it may be about."""

    policies: Policies
    asks: Callable[[StackNeed, str], Request]
    strict: bool = False
    _patterns: dict[About, frozenset[str]] = field(default_factory=dict)
    _alike: dict[About, bool] = field(default_factory=dict)
    _decided: dict[NeedKind, Judged] = field(default_factory=dict)

    def decide(self, need: StackNeed) -> Decision:
        """For all resources that the need's can be: allowed for each, denied for each, or unknown."""
        return self.judged(need).about(need)

    def judged(self, need: StackNeed) -> Judged:
        """What is decided about all needs of its kind. Of thousands only a few are ever worded."""
        kind = self.kind(need)
        judged = self._decided.get(kind)
        if judged is None:
            judged = self._decided[kind] = Judged(*self._found(need))
        return judged

    def kind(self, need: StackNeed) -> NeedKind:
        """Needs of one kind are decided alike: where every statement about the action is about any resource, it is the
        same for all of an account.
        """
        about = need.action, need.region, need.context
        return about, owner_of(need.resource) if self._is_alike(need, about) else need.resource

    def _is_alike(self, need: StackNeed, about: About) -> bool:
        alike = self._alike.get(about)
        if alike is None:
            alike = self._alike[about] = not (self._relevant(need) or need.action.lower().startswith(_BY_KIND))
        return alike

    def _found(self, need: StackNeed) -> tuple[Decision, str]:
        """The decision, and the resource that it speaks of."""
        if need.resource == "*" or "*" not in need.resource:
            return self._one(need, need.resource), need.resource
        if self._is_alike(need, (need.action, need.region, need.context)):
            example = need.resource.replace("*", "x")
            return self._one(need, example), example
        try:
            examples = list(_examples(need.resource, self._relevant(need)))
        except TooManyStates:
            why = "the policies name its resources in more ways than can be compared"
            return Decision("unknown", (Because("policies", "", None, "", "", why),)), need.resource
        return _together(need, [_about(self._one(need, each), each, need.resource) for each in examples]), need.resource

    def _one(self, need: StackNeed, resource: str) -> Decision:
        return decide(self.asks(need, resource), self.policies, strict=self.strict)

    def _relevant(self, need: StackNeed) -> frozenset[str]:
        """The resource patterns of every statement about the action, but `*`, with the request's variables."""
        key = need.action, need.region, need.context
        if key not in self._patterns:
            context = self.asks(need, need.resource).context
            self._patterns[key] = frozenset(_patterns(need.action.lower(), self._every(), context)) - {STAR}
        return self._patterns[key]

    def _every(self) -> Iterator[Policy]:
        policies = self.policies
        yield from (*policies.identity, *(policies.boundary or ()), *(policies.session or ()), *policies.resource)
        yield from (each for level in (*policies.scps, *policies.rcps) for each in level)


def _about(decision: Decision, example: str, resource: str) -> Decision:
    """The same, its reasons worded for what the script says of the resource; most do not name it."""
    if not any(example in each.why for each in decision.because):
        return decision
    because = (
        Because(each.layer, each.policy, each.statement, each.sid, each.effect, each.why.replace(example, resource))
        for each in decision.because
    )
    return Decision(decision.verdict, tuple(because), decision.open_keys, decision.not_seen)


def _patterns(action: str, policies: Iterable[Policy], context: Context) -> Iterator[str]:
    service = action.partition(":")[0]
    for policy in policies:
        for rule in policy.compiled.about(service):
            for pattern in rule.patterns if rule.acts(action, service) else ():
                found = pattern if isinstance(pattern, str) else pattern.filled(context)
                if isinstance(found, str):
                    yield found
                elif isinstance(found, Unsure):
                    yield ""  # it makes the answer unknown, whatever the resource


def _examples(resource: str, patterns: frozenset[str]) -> Iterator[str]:
    """One resource of each kind that the need's can be: of those that the same patterns match."""
    own = in_parts(tuple(Wild.STAR if letter == "*" else letter for letter in resource))
    space = Space([{own: ""}, *({_tokens(each): ""} for each in sorted(patterns))])
    for mask, region in sorted(space.regions().items()):
        if mask & _TEMPLATE:
            yield region.example


def _tokens(pattern: str) -> Tokens:
    wild = {STAR: Wild.STAR, ONE: Wild.ANY}
    return in_parts(tuple(wild.get(letter, letter) for letter in pattern))


def _together(need: StackNeed, decisions: list[Decision]) -> Decision:
    """One answer for all that a resource may be."""
    verdicts = {each.verdict for each in decisions}
    if len(verdicts) == 1:
        return decisions[0]
    because = tuple(dict.fromkeys(reason for each in decisions for reason in each.because))
    not_seen = tuple(sorted({layer for each in decisions for layer in each.not_seen}))
    keys = tuple(sorted({key for each in decisions for key in each.open_keys}))
    if verdicts == {"explicit-deny", "implicit-deny"}:
        return Decision("implicit-deny", because, (), not_seen)
    which = Because("script", "", None, "", "", f"it decides which resource {need.resource} is")
    return Decision("unknown", (which, *because), keys, not_seen)
