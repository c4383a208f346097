"""Whether a need is allowed where its resource is known in part: for all that it may be, for some, or for none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from koding_audit.model.arn import arn_account
from koding_audit.model.stack import StackNeed
from koding_audit.policy.diff.patterns import PatternSpace, Tokens, TooManyStates, Wildcard, segment_tokens
from koding_audit.policy.evaluation import (
    AccessRequest,
    AccessVerdict,
    Context,
    Decision,
    Policies,
    Policy,
    Reason,
    decide,
)
from koding_audit.policy.evaluation.patterns import QUESTION_MARK, STAR
from koding_audit.policy.evaluation.ternary import Unsure

_OWN_RESOURCE = 1 << 0  # the need's own resource, among the elements of a space
# Of these the evaluator asks what the resource is, whatever the statements say of it.
_ACTIONS_BY_RESOURCE = ("kms:", "sts:")

NeedAction = tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]]  # what is asked but for the resource
NeedKind = tuple[NeedAction, str]


@dataclass(frozen=True, slots=True)
class NeedDecision:
    """The decision about every need of a kind. example: the resource that it was made for, which its reasons name."""

    decision: Decision
    example: str

    @property
    def verdict(self) -> AccessVerdict:
        return self.decision.verdict

    def decision_about(self, need: StackNeed) -> Decision:
        """The decision about one of them, its reasons worded for what the script says of its resource."""
        same = need.resource == self.example
        return self.decision if same else _reword_reasons(self.decision, self.example, need.resource)


@dataclass
class NeedDecider:
    """Decisions about one principal's policies. asks: the request for a need, on one resource that it may be about."""

    policies: Policies
    make_request: Callable[[StackNeed, str], AccessRequest]
    strict: bool = False
    _patterns: dict[NeedAction, frozenset[str]] = field(default_factory=dict)
    _alike: dict[NeedAction, bool] = field(default_factory=dict)
    _decisions: dict[NeedKind, NeedDecision] = field(default_factory=dict)

    def decide(self, need: StackNeed) -> Decision:
        """For all resources that the need's can be: allowed for each, denied for each, or unknown."""
        return self.decide_kind(need).decision_about(need)

    def decide_kind(self, need: StackNeed) -> NeedDecision:
        """What is decided about all needs of its kind. Of thousands only a few are ever worded."""
        kind = self.kind_of(need)
        judged = self._decisions.get(kind)
        if judged is None:
            judged = self._decisions[kind] = NeedDecision(*self._decide_examples(need))
        return judged

    def kind_of(self, need: StackNeed) -> NeedKind:
        """Needs of one kind are decided alike: where every statement about the action is about any resource, it is the
        same for all of an account.
        """
        about = need.action, need.region, need.context
        return about, arn_account(need.resource) if self._is_alike(need, about) else need.resource

    def _is_alike(self, need: StackNeed, about: NeedAction) -> bool:
        alike = self._alike.get(about)
        if alike is None:
            alike = self._alike[about] = not (
                self._relevant_patterns(need) or need.action.lower().startswith(_ACTIONS_BY_RESOURCE)
            )
        return alike

    def _decide_examples(self, need: StackNeed) -> tuple[Decision, str]:
        """The decision, and the resource that it speaks of."""
        if need.resource == "*" or "*" not in need.resource:
            return self._decide_resource(need, need.resource), need.resource
        if self._is_alike(need, (need.action, need.region, need.context)):
            example = need.resource.replace("*", "x")
            return self._decide_resource(need, example), example
        try:
            examples = list(_example_resources(need.resource, self._relevant_patterns(need)))
        except TooManyStates:
            why = "the policies name its resources in more ways than can be compared"
            return Decision("unknown", (Reason("policies", "", None, "", "", why),)), need.resource
        return _combine_decisions(
            need, [_reword_reasons(self._decide_resource(need, each), each, need.resource) for each in examples]
        ), need.resource

    def _decide_resource(self, need: StackNeed, resource: str) -> Decision:
        return decide(self.make_request(need, resource), self.policies, strict=self.strict)

    def _relevant_patterns(self, need: StackNeed) -> frozenset[str]:
        """The resource patterns of every statement about the action, but `*`, with the request's variables."""
        key = need.action, need.region, need.context
        if key not in self._patterns:
            context = self.make_request(need, need.resource).context
            self._patterns[key] = frozenset(_resource_patterns(need.action.lower(), self._all_policies(), context)) - {
                STAR
            }
        return self._patterns[key]

    def _all_policies(self) -> Iterator[Policy]:
        policies = self.policies
        yield from (*policies.identity, *(policies.boundary or ()), *(policies.session or ()), *policies.resource)
        yield from (each for level in (*policies.scps, *policies.rcps) for each in level)


def _reword_reasons(decision: Decision, example: str, resource: str) -> Decision:
    """The same, its reasons worded for what the script says of the resource; most do not name it."""
    if not any(example in each.why for each in decision.reasons):
        return decision
    because = (
        Reason(each.layer, each.policy, each.statement, each.sid, each.effect, each.why.replace(example, resource))
        for each in decision.reasons
    )
    return Decision(decision.verdict, tuple(because), decision.open_keys, decision.not_seen)


def _resource_patterns(action: str, policies: Iterable[Policy], context: Context) -> Iterator[str]:
    service = action.partition(":")[0]
    for policy in policies:
        for rule in policy.compiled.statements_about(service):
            for pattern in rule.patterns if rule.covers_action(action, service) else ():
                found = pattern if isinstance(pattern, str) else pattern.fill(context)
                if isinstance(found, str):
                    yield found
                elif isinstance(found, Unsure):
                    yield ""  # it makes the answer unknown, whatever the resource


def _example_resources(resource: str, patterns: frozenset[str]) -> Iterator[str]:
    """One resource of each kind that the need's can be: of those that the same patterns match."""
    own = segment_tokens(tuple(Wildcard.STAR if letter == "*" else letter for letter in resource))
    space = PatternSpace([{own: ""}, *({_compiled_pattern_tokens(each): ""} for each in sorted(patterns))])
    for mask, region in sorted(space.regions().items()):
        if mask & _OWN_RESOURCE:
            yield region.example


def _compiled_pattern_tokens(pattern: str) -> Tokens:
    wild = {STAR: Wildcard.STAR, QUESTION_MARK: Wildcard.ANY}
    return segment_tokens(tuple(wild.get(letter, letter) for letter in pattern))


def _combine_decisions(need: StackNeed, decisions: list[Decision]) -> Decision:
    """One answer for all that a resource may be."""
    verdicts = {each.verdict for each in decisions}
    if len(verdicts) == 1:
        return decisions[0]
    because = tuple(dict.fromkeys(reason for each in decisions for reason in each.reasons))
    not_seen = tuple(sorted({layer for each in decisions for layer in each.not_seen}))
    keys = tuple(sorted({key for each in decisions for key in each.open_keys}))
    if verdicts == {"explicit-deny", "implicit-deny"}:
        return Decision("implicit-deny", because, (), not_seen)
    which = Reason("script", "", None, "", "", f"it decides which resource {need.resource} is")
    return Decision("unknown", (which, *because), keys, not_seen)
