"""The smallest choice of policy sets that gives what is lacking: fewest sets first, then the least beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from koding_audit.model.frozen import replace
from koding_audit.model.stack import StackNeed
from koding_audit.policy import actions
from koding_audit.policy.document import DocumentError, parse_document
from koding_audit.policy.evaluation import Policies, Policy
from koding_audit.stack.decision import NeedDecider, NeedDecision, NeedKind

MOST_EXACT_SETS = 12  # sets: of more than that not every combination is tried


@dataclass(frozen=True)
class CandidateSet:
    """A policy set that may be attached. required: it is to be attached anyway; policies: those of it that are not;
    texts: their documents.
    """

    name: str
    required: bool
    policies: tuple[Policy, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class SetChoice:
    """sets: the names that are chosen, in the order of the candidates; helped: the needs that they give; exact: no
    smaller choice gives as much; because: by set, what would be lacking without it.
    """

    sets: tuple[str, ...] = ()
    helped_needs: frozenset[StackNeed] = frozenset()
    is_exact: bool = True
    needs_by_set: Mapping[str, tuple[StackNeed, ...]] = field(default_factory=dict)


def choose_sets(judge: NeedDecider, lacking: Sequence[StackNeed], candidates: Sequence[CandidateSet]) -> SetChoice:
    """The smallest choice among the candidates that gives as much of what is lacking as all of them can.

    Required sets that give anything of it come first: they are to be attached anyway. An optional one is chosen only
    for what it makes whole: AmazonRoute53FullAccess allows s3:ListBucket, and nobody makes a bucket with that.
    """
    kinds = _group_by_kind(judge, lacking, candidates)
    choice = _choose_by_kind(judge, kinds, candidates)
    because = {name: _needs_of_kinds(kinds, needs) for name, needs in choice.needs_by_set.items()}
    return replace(choice, helped_needs=frozenset(_needs_of_kinds(kinds, choice.helped_needs)), needs_by_set=because)


_NeedsByKind = Mapping[StackNeed, tuple[StackNeed, ...]]  # one need of each kind, and all of it


def _group_by_kind(
    judge: NeedDecider, lacking: Iterable[StackNeed], candidates: Iterable[CandidateSet]
) -> _NeedsByKind:
    """Of ten thousand buckets each is decided as the first, whatever is attached, where no statement names one."""
    every = NeedDecider(
        _add_policies(judge.policies, tuple(policy for each in candidates for policy in each.policies)),
        judge.make_request,
    )
    found: dict[NeedKind, list[StackNeed]] = {}
    for need in lacking:
        found.setdefault(every.kind_of(need), []).append(need)
    return {needs[0]: tuple(needs) for needs in found.values()}


def _needs_of_kinds(kinds: _NeedsByKind, needs: Iterable[StackNeed]) -> tuple[StackNeed, ...]:
    return tuple(each for need in needs for each in kinds[need])


def _choose_by_kind(judge: NeedDecider, kinds: _NeedsByKind, candidates: Sequence[CandidateSet]) -> SetChoice:
    """The choice for one need of each kind."""
    required = [each for each in candidates if each.required]
    first = _SetSelection(judge, tuple(kinds), ()).choose(required)
    base = tuple(each for each in required if each.name in first.sets)
    rest = {need: those for need, those in kinds.items() if need not in first.helped_needs}
    optional = [each for each in candidates if not each.required]
    worth = _completable_needs(rest, _SetSelection(judge, tuple(rest), base).possible_needs(optional))
    more = _SetSelection(judge, worth, base).choose(optional)
    names, helped = (*first.sets, *more.sets), first.helped_needs | more.helped_needs
    chosen = [each for each in candidates if each.name in names]
    because = _needs_by_set(judge, [need for need in kinds if need in helped], chosen)
    return SetChoice(names, helped, more.is_exact, because)


def _completable_needs(kinds: _NeedsByKind, possible: set[StackNeed]) -> list[StackNeed]:
    """The needs of which some resource would get all that it lacks of a service."""
    parts = {need: {part for each in those for part in _resource_services(each)} for need, those in kinds.items()}
    partial = {part for need, own in parts.items() if need not in possible for part in own}
    return [need for need, own in parts.items() if not own <= partial]


def _resource_services(need: StackNeed) -> set[tuple[str, str]]:
    service = need.action.partition(":")[0]
    return {(use.resource, service) for use in need.uses}


def _needs_by_set(
    judge: NeedDecider, helped: Sequence[StackNeed], chosen: Sequence[CandidateSet]
) -> dict[str, tuple[StackNeed, ...]]:
    """What each of the sets is needed for: what the others together do not give, or else all that it is about."""
    choosing = _SetSelection(judge, helped, ())
    found = {}
    for each in chosen:
        others = choosing.allowed_needs(other for other in chosen if other is not each)
        alone = tuple(need for need in helped if need not in others)
        found[each.name] = alone or tuple(need for need in helped if has_statement_about(each, need))
    return found


@dataclass
class _SetSelection:
    decider: NeedDecider
    lacking: Sequence[StackNeed]
    base: tuple[CandidateSet, ...]
    _judges: dict[frozenset[str], NeedDecider] = field(default_factory=dict)
    _decisions: dict[tuple[StackNeed, frozenset[str]], NeedDecision] = field(default_factory=dict)

    def choose(self, candidates: Sequence[CandidateSet]) -> SetChoice:
        possible = self.possible_needs(candidates)
        if not possible:
            return SetChoice()
        useful = [each for each in candidates if self.is_useful(each)]
        return (
            self.choose_smallest(useful, possible)
            if len(useful) <= MOST_EXACT_SETS
            else self.choose_greedily(useful, possible)
        )

    def possible_needs(self, candidates: Sequence[CandidateSet]) -> set[StackNeed]:
        """What they give, together or alone: more than all together, where one denies what another allows."""
        return self.allowed_needs(candidates).union(*(self.allowed_needs((each,)) for each in candidates))

    def is_useful(self, candidate: CandidateSet) -> bool:
        """Whether any statement of it is about anything that is lacking."""
        return any(has_statement_about(candidate, need) for need in self.lacking)

    def allowed_needs(self, chosen: Iterable[CandidateSet]) -> set[StackNeed]:
        """What is allowed with these attached."""
        those = tuple(chosen)
        return {need for need in self.lacking if self._allows(need, those)}

    def choose_smallest(self, useful: Sequence[CandidateSet], possible: set[StackNeed]) -> SetChoice:
        """Every combination, the smallest first; where none gives all that is possible, the one that gives most."""
        best: tuple[int, tuple[CandidateSet, ...]] = 0, ()
        for size in range(1, len(useful) + 1):
            found = []
            for chosen in combinations(useful, size):
                given = len(self.allowed_needs(chosen))
                found += [chosen] if given == len(possible) else []
                best = max(best, (given, chosen), key=lambda each: each[0])
            if found:
                return self._make_choice(found[0] if len(found) == 1 else min(found, key=_choice_breadth), exact=True)
        return self._make_choice(best[1], exact=True)

    def choose_greedily(self, useful: Sequence[CandidateSet], possible: set[StackNeed]) -> SetChoice:
        """Again and again the set that gives most of what is left."""
        chosen: tuple[CandidateSet, ...] = ()
        given: set[StackNeed] = set()
        while given < possible:
            rest = [each for each in useful if each not in chosen]
            best = max(rest, key=lambda each: len(self.allowed_needs((*chosen, each))), default=None)
            if best is None or len(more := self.allowed_needs((*chosen, best))) <= len(given):
                break
            chosen, given = (*chosen, best), more
        return self._make_choice(chosen, exact=False)

    def _make_choice(self, chosen: Sequence[CandidateSet], *, exact: bool) -> SetChoice:
        return SetChoice(tuple(each.name for each in chosen), frozenset(self.allowed_needs(chosen)), exact)

    def _allows(self, need: StackNeed, chosen: tuple[CandidateSet, ...]) -> bool:
        """Only those whose statements are about the action can change what is decided."""
        about = tuple(each for each in (*self.base, *chosen) if has_statement_about(each, need))
        key = need, frozenset(each.name for each in about)
        if key not in self._decisions:
            self._decisions[key] = self._decider_with(about).decide_kind(need)
        return self._decisions[key].verdict == "allowed"

    def _decider_with(self, chosen: tuple[CandidateSet, ...]) -> NeedDecider:
        names = frozenset(each.name for each in chosen)
        if names not in self._judges:
            added = tuple(policy for each in chosen for policy in each.policies)
            self._judges[names] = NeedDecider(
                _add_policies(self.decider.policies, added), self.decider.make_request, self.decider.strict
            )
        return self._judges[names]


def _add_policies(policies: Policies, added: tuple[Policy, ...]) -> Policies:
    return replace(policies, identity=(*policies.identity, *added))


def has_statement_about(candidate: CandidateSet, need: StackNeed) -> bool:
    """Whether any statement of a set is about what is needed."""
    action = need.action.lower()
    service = action.partition(":")[0]
    return any(
        rule.covers_action(action, service)
        for each in candidate.policies
        for rule in each.compiled.statements_about(service)
    )


def _choice_breadth(chosen: Sequence[CandidateSet]) -> int:
    return count_allowed_actions(text for each in chosen for text in each.texts)


def count_allowed_actions(texts: Iterable[str]) -> int:
    """How many of AWS's actions these documents allow on anything at all."""
    known = actions.load_actions()
    found: set[str] = set()
    for text in texts:
        try:
            statements = parse_document(text).statements
        except DocumentError:
            continue
        for each in statements:
            if each.effect == "Allow":
                named = {action for pattern in each.actions.values for action in known.expand(pattern)}
                found |= set(known.expand("*")) - named if each.actions.negated else named
    return len(found)
