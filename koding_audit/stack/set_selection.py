"""Chooses the policy sets that allow the missing needs: as few sets as possible, then as few extra permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from koding_audit.model.frozen import replace
from koding_audit.model.stack import StackNeed
from koding_audit.policy.document import DocumentError, parse_document
from koding_audit.policy.evaluation import Policies, Policy
from koding_audit.reference import actions
from koding_audit.stack.decision import NeedDecider, NeedDecision, NeedKind

MOST_EXACT_SETS = 12  # up to this many sets, every combination is tried


@dataclass(frozen=True)
class CandidateSet:
    """A policy set that can be attached.

    name: the set's name
    required: whether the desired state requires it anyway
    policies: its policies that are not attached
    texts: the documents of these policies
    """

    name: str
    required: bool
    policies: tuple[Policy, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class SetChoice:
    """The chosen policy sets.

    sets: their names, in the order of the candidates
    helped_needs: the needs that they allow
    is_exact: whether it is proven that no smaller choice allows as many needs
    needs_by_set: the needs for which each set is chosen
    """

    sets: tuple[str, ...] = ()
    helped_needs: frozenset[StackNeed] = frozenset()
    is_exact: bool = True
    needs_by_set: Mapping[str, tuple[StackNeed, ...]] = field(default_factory=dict)


def choose_sets(decider: NeedDecider, missing: Sequence[StackNeed], candidates: Sequence[CandidateSet]) -> SetChoice:
    """Returns the smallest choice of candidates that allows as many missing needs as all candidates can.

    Required sets that allow any missing need come first, because they must be attached anyway. An optional set counts
    only for needs that it completes: AmazonRoute53FullAccess allows s3:ListBucket, but a bucket needs more than that.
    """
    kinds = _group_by_kind(decider, missing, candidates)
    choice = _choose_by_kind(decider, kinds, candidates)
    needs_by_set = {name: _needs_of_kinds(kinds, needs) for name, needs in choice.needs_by_set.items()}
    helped = frozenset(_needs_of_kinds(kinds, choice.helped_needs))
    return replace(choice, helped_needs=helped, needs_by_set=needs_by_set)


_NeedsByKind = Mapping[StackNeed, tuple[StackNeed, ...]]  # all needs of a kind, by the first of them


def _group_by_kind(
    decider: NeedDecider, missing: Iterable[StackNeed], candidates: Iterable[CandidateSet]
) -> _NeedsByKind:
    """Groups the missing needs by kind, for any attached candidates.

    If no statement names a bucket, the decision about ten thousand buckets is the decision about the first.
    """
    with_all_sets = NeedDecider(
        _add_policies(decider.policies, tuple(policy for each in candidates for policy in each.policies)),
        decider.make_request,
        decider.reference,
    )
    found: dict[NeedKind, list[StackNeed]] = {}
    for need in missing:
        found.setdefault(with_all_sets.kind_of(need), []).append(need)
    return {needs[0]: tuple(needs) for needs in found.values()}


def _needs_of_kinds(kinds: _NeedsByKind, needs: Iterable[StackNeed]) -> tuple[StackNeed, ...]:
    return tuple(each for need in needs for each in kinds[need])


def _choose_by_kind(decider: NeedDecider, kinds: _NeedsByKind, candidates: Sequence[CandidateSet]) -> SetChoice:
    """Returns the choice for one need of each kind."""
    required = [each for each in candidates if each.required]
    first = _SetSelection(decider, tuple(kinds), ()).choose(required)
    base = tuple(each for each in required if each.name in first.sets)
    rest = {need: needs for need, needs in kinds.items() if need not in first.helped_needs}
    optional = [each for each in candidates if not each.required]
    completable = _completable_needs(rest, _SetSelection(decider, tuple(rest), base).possible_needs(optional))
    more = _SetSelection(decider, completable, base).choose(optional)
    names, helped = (*first.sets, *more.sets), first.helped_needs | more.helped_needs
    chosen = [each for each in candidates if each.name in names]
    needs_by_set = _needs_by_set(decider, [need for need in kinds if need in helped], chosen)
    return SetChoice(names, helped, more.is_exact, needs_by_set)


def _completable_needs(kinds: _NeedsByKind, possible: set[StackNeed]) -> list[StackNeed]:
    """Returns the needs for which some resource would get all that it lacks of a service."""
    parts = {need: {part for each in needs for part in _resource_services(each)} for need, needs in kinds.items()}
    partial = {part for need, own in parts.items() if need not in possible for part in own}
    return [need for need, own in parts.items() if not own <= partial]


def _resource_services(need: StackNeed) -> set[tuple[str, str]]:
    service = need.action.partition(":")[0]
    return {(use.resource, service) for use in need.uses}


def _needs_by_set(
    decider: NeedDecider, helped: Sequence[StackNeed], chosen: Sequence[CandidateSet]
) -> dict[str, tuple[StackNeed, ...]]:
    """Returns for each chosen set the needs that the other sets do not allow; if none, all needs that it covers."""
    selection = _SetSelection(decider, helped, ())
    found = {}
    for each in chosen:
        others = selection.allowed_needs(other for other in chosen if other is not each)
        alone = tuple(need for need in helped if need not in others)
        found[each.name] = alone or tuple(need for need in helped if has_statement_about(each, need))
    return found


@dataclass
class _SetSelection:
    """Chooses among candidates for missing needs.

    decider: decides by the policies that are attached
    missing: the needs that are not allowed yet
    base: sets that are chosen already
    """

    decider: NeedDecider
    missing: Sequence[StackNeed]
    base: tuple[CandidateSet, ...]
    _deciders: dict[frozenset[str], NeedDecider] = field(default_factory=dict)
    _decisions: dict[tuple[StackNeed, frozenset[str]], NeedDecision] = field(default_factory=dict)

    def choose(self, candidates: Sequence[CandidateSet]) -> SetChoice:
        """Returns the choice: the smallest one, or for many candidates one that a greedy search finds."""
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
        """Returns the needs that the candidates allow, all together or one alone; one can deny what another allows."""
        return self.allowed_needs(candidates).union(*(self.allowed_needs((each,)) for each in candidates))

    def is_useful(self, candidate: CandidateSet) -> bool:
        """Whether any statement of a candidate is about a missing need."""
        return any(has_statement_about(candidate, need) for need in self.missing)

    def allowed_needs(self, chosen: Iterable[CandidateSet]) -> set[StackNeed]:
        """Returns the missing needs that are allowed with these sets attached."""
        sets = tuple(chosen)
        return {need for need in self.missing if self._allows(need, sets)}

    def choose_smallest(self, useful: Sequence[CandidateSet], possible: set[StackNeed]) -> SetChoice:
        """Tries every combination, smallest first; if none allows all possible needs, returns the one with most."""
        best: tuple[int, tuple[CandidateSet, ...]] = 0, ()
        for size in range(1, len(useful) + 1):
            found = []
            for chosen in combinations(useful, size):
                count = len(self.allowed_needs(chosen))
                found += [chosen] if count == len(possible) else []
                best = max(best, (count, chosen), key=lambda each: each[0])
            if found:
                return self._make_choice(found[0] if len(found) == 1 else min(found, key=_choice_breadth), exact=True)
        return self._make_choice(best[1], exact=True)

    def choose_greedily(self, useful: Sequence[CandidateSet], possible: set[StackNeed]) -> SetChoice:
        """Adds the set that allows most of the remaining needs, again and again."""
        chosen: tuple[CandidateSet, ...] = ()
        allowed: set[StackNeed] = set()
        while allowed < possible:
            rest = [each for each in useful if each not in chosen]
            best = max(rest, key=lambda each: len(self.allowed_needs((*chosen, each))), default=None)
            if best is None or len(more := self.allowed_needs((*chosen, best))) <= len(allowed):
                break
            chosen, allowed = (*chosen, best), more
        return self._make_choice(chosen, exact=False)

    def _make_choice(self, chosen: Sequence[CandidateSet], *, exact: bool) -> SetChoice:
        return SetChoice(tuple(each.name for each in chosen), frozenset(self.allowed_needs(chosen)), exact)

    def _allows(self, need: StackNeed, chosen: tuple[CandidateSet, ...]) -> bool:
        """Whether a need is allowed with these sets; only sets with a statement about its action matter."""
        relevant = tuple(each for each in (*self.base, *chosen) if has_statement_about(each, need))
        key = need, frozenset(each.name for each in relevant)
        if key not in self._decisions:
            self._decisions[key] = self._decider_with(relevant).decide_kind(need)
        return self._decisions[key].verdict == "allowed"

    def _decider_with(self, chosen: tuple[CandidateSet, ...]) -> NeedDecider:
        names = frozenset(each.name for each in chosen)
        if names not in self._deciders:
            added = tuple(policy for each in chosen for policy in each.policies)
            self._deciders[names] = NeedDecider(
                _add_policies(self.decider.policies, added),
                self.decider.make_request,
                self.decider.reference,
                self.decider.strict,
            )
        return self._deciders[names]


def _add_policies(policies: Policies, added: tuple[Policy, ...]) -> Policies:
    return replace(policies, identity=(*policies.identity, *added))


def has_statement_about(candidate: CandidateSet, need: StackNeed) -> bool:
    """Whether any statement of a set covers the action of a need."""
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
    """Returns how many of AWS's actions these documents allow on any resource; an unreadable document counts zero."""
    known = actions.load_actions()
    found: set[str] = set()
    for text in texts:
        try:
            statements = parse_document(text).statements
        except DocumentError:
            continue
        for each in statements:
            if each.effect == "Allow":
                matched = {action for pattern in each.actions.values for action in known.expand(pattern)}
                found |= set(known.expand("*")) - matched if each.actions.negated else matched
    return len(found)
