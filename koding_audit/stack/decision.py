"""Decides whether a need is allowed when its resource is only partly known: for all, some or none of its resources."""

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
from koding_audit.reference.aws_reference import AwsReference

_OWN_RESOURCE = 1 << 0  # the bit of the need's own resource in a pattern space
_SERVICE, _REST = 2, 5  # the index of an ARN's service, and of its last part
NeedAction = tuple[str, str, tuple[tuple[str, tuple[str, ...]], ...]]  # action, region and context of a need
NeedKind = tuple[NeedAction, str]


@dataclass(frozen=True, slots=True)
class NeedDecision:
    """The decision about all needs of a kind.

    decision: its reasons name the example
    example: the resource that was decided
    """

    decision: Decision
    example: str

    @property
    def verdict(self) -> AccessVerdict:
        return self.decision.verdict

    def decision_about(self, need: StackNeed) -> Decision:
        """Returns the decision about one need of the kind, with the need's own resource in its reasons."""
        same = need.resource == self.example
        return self.decision if same else _reword_reasons(self.decision, self.example, need.resource)


@dataclass
class NeedDecider:
    """Decides needs by the policies of one principal.

    policies: all policies that apply to the principal
    make_request: returns the request of a need on a resource
    reference: what is known of AWS
    strict: whether a layer that is not available makes a decision unknown
    """

    policies: Policies
    make_request: Callable[[StackNeed, str], AccessRequest]
    reference: AwsReference
    strict: bool = False
    _patterns: dict[NeedAction, frozenset[str]] = field(default_factory=dict)
    _same_for_all: dict[NeedAction, bool] = field(default_factory=dict)
    _decisions: dict[NeedKind, NeedDecision] = field(default_factory=dict)

    def decide(self, need: StackNeed) -> Decision:
        """Returns the decision about all resources that a need can have: all allowed, all denied, or unknown."""
        return self.decide_kind(need).decision_about(need)

    def decide_kind(self, need: StackNeed) -> NeedDecision:
        """Returns the decision about all needs of the same kind; it is cached."""
        kind = self.kind_of(need)
        decision = self._decisions.get(kind)
        if decision is None:
            decision = self._decisions[kind] = NeedDecision(*self._decide_examples(need))
        return decision

    def kind_of(self, need: StackNeed) -> NeedKind:
        """Returns the kind of a need; all needs of a kind have the same decision.

        If every statement about the action applies to any resource, the decision is the same in a whole account.
        """
        key = need.action, need.region, need.context
        return key, arn_account(need.resource) if self._is_same_for_all(need, key) else need.resource

    def _is_same_for_all(self, need: StackNeed, key: NeedAction) -> bool:
        same = self._same_for_all.get(key)
        if same is None:
            same = self._same_for_all[key] = not (
                self._relevant_patterns(need) or self.reference.depends_on_resource(need.action.lower())
            )
        return same

    def _decide_examples(self, need: StackNeed) -> tuple[Decision, str]:
        """Returns the decision about a need, and the resource that its reasons name."""
        if need.resource == "*" or "*" not in need.resource:
            return self._decide_resource(need, need.resource), need.resource
        if self._is_same_for_all(need, (need.action, need.region, need.context)):
            example = need.resource.replace("*", "x")
            return self._decide_resource(need, example), example
        try:
            examples = list(_example_resources(need.resource, self._relevant_patterns(need)))
        except TooManyStates:
            why = "the policies have too many resource patterns to compare"
            return Decision("unknown", (Reason("policies", "", None, "", "", why),)), need.resource
        return _combine_decisions(
            need, [_reword_reasons(self._decide_resource(need, each), each, need.resource) for each in examples]
        ), need.resource

    def _decide_resource(self, need: StackNeed, resource: str) -> Decision:
        return decide(self.make_request(need, resource), self.policies, self.reference, strict=self.strict)

    def _relevant_patterns(self, need: StackNeed) -> frozenset[str]:
        """Returns the resource patterns, except `*`, of all statements about the action, with variables filled in."""
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
        yield from () if policies.vpce is None else (policies.vpce,)


def _reword_reasons(decision: Decision, example: str, resource: str) -> Decision:
    """Returns a decision whose reasons name the script's resource in place of the example."""
    if not any(example in each.why for each in decision.reasons):
        return decision
    reasons = (
        Reason(each.layer, each.policy, each.statement, each.sid, each.effect, each.why.replace(example, resource))
        for each in decision.reasons
    )
    return Decision(decision.verdict, tuple(reasons), decision.open_keys, decision.not_seen)


def _resource_patterns(action: str, policies: Iterable[Policy], context: Context) -> Iterator[str]:
    service = action.partition(":")[0]
    for policy in policies:
        for rule in policy.compiled.statements_about(service):
            for pattern in rule.patterns if rule.covers_action(action, service) else ():
                found = pattern if isinstance(pattern, str) else pattern.fill(context)
                if isinstance(found, str):
                    yield found
                elif isinstance(found, Unsure):
                    yield ""  # the decision is unknown for every resource


def _example_resources(resource: str, patterns: frozenset[str]) -> Iterator[str]:
    """Yields one example of each group of resources that the need can have and that the same patterns match."""
    space = PatternSpace(
        [{_need_tokens(resource): ""}, *({_compiled_pattern_tokens(each): ""} for each in sorted(patterns))]
    )
    for mask, region in sorted(space.regions().items()):
        if mask & _OWN_RESOURCE:
            yield region.example


def _need_tokens(resource: str) -> Tokens:
    """Returns a need's resource, in which a `*` is an unknown field of an ARN or a part of a name, without colons.

    Otherwise each resource in an unknown region could be any other. A name can have colons if the ARN has some in its
    last part, as that of a log group does, or if it is the key of an object in S3.
    """
    *head, rest = resource.split(":", 5)
    is_free = len(head) < _REST or ":" in rest or head[_SERVICE] == "s3"
    start = len(resource) - len(rest) if len(head) == _REST else 0
    return tuple(
        (Wildcard.STAR if is_free and at >= start else Wildcard.STAR_IN_PART) if letter == "*" else letter
        for at, letter in enumerate(resource)
    )


def _compiled_pattern_tokens(pattern: str) -> Tokens:
    wild = {STAR: Wildcard.STAR, QUESTION_MARK: Wildcard.ANY}
    return segment_tokens(tuple(wild.get(letter, letter) for letter in pattern))


def _combine_decisions(need: StackNeed, decisions: list[Decision]) -> Decision:
    """Returns one decision for all resources that a need can have."""
    verdicts = {each.verdict for each in decisions}
    if len(verdicts) == 1:
        return decisions[0]
    reasons = tuple(dict.fromkeys(reason for each in decisions for reason in each.reasons))
    not_seen = tuple(sorted({layer for each in decisions for layer in each.not_seen}))
    keys = tuple(sorted({key for each in decisions for key in each.open_keys}))
    if verdicts == {"explicit-deny", "implicit-deny"}:
        return Decision("implicit-deny", reasons, (), not_seen)
    ambiguity = Reason("script", "", None, "", "", f"it depends on which resource {need.resource} is")
    return Decision("unknown", (ambiguity, *reasons), keys, not_seen)
