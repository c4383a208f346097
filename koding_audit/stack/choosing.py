"""The smallest choice of policy sets that gives what is lacking: fewest sets first, then the least beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from koding_audit import actions
from koding_audit.document import DocumentError, parse
from koding_audit.evaluate import Policies, Policy
from koding_audit.frozen import replace
from koding_audit.model import StackNeed
from koding_audit.stack.deciding import Judge, Judged, NeedKind

EXACT_UP_TO = 12  # sets: of more than that not every combination is tried


@dataclass(frozen=True)
class Candidate:
    """A policy set that may be attached. required: it is to be attached anyway; policies: those of it that are not;
    texts: their documents.
    """

    name: str
    required: bool
    policies: tuple[Policy, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """sets: the names that are chosen, in the order of the candidates; helped: the needs that they give; exact: no
    smaller choice gives as much; because: by set, what would be lacking without it.
    """

    sets: tuple[str, ...] = ()
    helped: frozenset[StackNeed] = frozenset()
    exact: bool = True
    because: Mapping[str, tuple[StackNeed, ...]] = field(default_factory=dict)


def choose(judge: Judge, lacking: Sequence[StackNeed], candidates: Sequence[Candidate]) -> Choice:
    """The smallest choice among the candidates that gives as much of what is lacking as all of them can.

    Required sets that give anything of it come first: they are to be attached anyway. An optional one is chosen only
    for what it makes whole: AmazonRoute53FullAccess allows s3:ListBucket, and nobody makes a bucket with that.
    """
    kinds = _kinds(judge, lacking, candidates)
    choice = _chosen(judge, kinds, candidates)
    because = {name: _all(kinds, needs) for name, needs in choice.because.items()}
    return replace(choice, helped=frozenset(_all(kinds, choice.helped)), because=because)


_Kinds = Mapping[StackNeed, tuple[StackNeed, ...]]  # one need of each kind, and all of it


def _kinds(judge: Judge, lacking: Iterable[StackNeed], candidates: Iterable[Candidate]) -> _Kinds:
    """Of ten thousand buckets each is decided as the first, whatever is attached, where no statement names one."""
    every = Judge(_with(judge.policies, tuple(policy for each in candidates for policy in each.policies)), judge.asks)
    found: dict[NeedKind, list[StackNeed]] = {}
    for need in lacking:
        found.setdefault(every.kind(need), []).append(need)
    return {needs[0]: tuple(needs) for needs in found.values()}


def _all(kinds: _Kinds, needs: Iterable[StackNeed]) -> tuple[StackNeed, ...]:
    return tuple(each for need in needs for each in kinds[need])


def _chosen(judge: Judge, kinds: _Kinds, candidates: Sequence[Candidate]) -> Choice:
    """The choice for one need of each kind."""
    required = [each for each in candidates if each.required]
    first = _Choosing(judge, tuple(kinds), ()).of(required)
    base = tuple(each for each in required if each.name in first.sets)
    rest = {need: those for need, those in kinds.items() if need not in first.helped}
    optional = [each for each in candidates if not each.required]
    worth = _whole(rest, _Choosing(judge, tuple(rest), base).possible(optional))
    more = _Choosing(judge, worth, base).of(optional)
    names, helped = (*first.sets, *more.sets), first.helped | more.helped
    chosen = [each for each in candidates if each.name in names]
    because = _because(judge, [need for need in kinds if need in helped], chosen)
    return Choice(names, helped, more.exact, because)


def _whole(kinds: _Kinds, possible: set[StackNeed]) -> list[StackNeed]:
    """The needs of which some resource would get all that it lacks of a service."""
    parts = {need: {part for each in those for part in _parts(each)} for need, those in kinds.items()}
    partial = {part for need, own in parts.items() if need not in possible for part in own}
    return [need for need, own in parts.items() if not own <= partial]


def _parts(need: StackNeed) -> set[tuple[str, str]]:
    service = need.action.partition(":")[0]
    return {(use.resource, service) for use in need.uses}


def _because(
    judge: Judge, helped: Sequence[StackNeed], chosen: Sequence[Candidate]
) -> dict[str, tuple[StackNeed, ...]]:
    """What each of the sets is needed for: what the others together do not give, or else all that it is about."""
    choosing = _Choosing(judge, helped, ())
    found = {}
    for each in chosen:
        others = choosing.given(other for other in chosen if other is not each)
        alone = tuple(need for need in helped if need not in others)
        found[each.name] = alone or tuple(need for need in helped if acts(each, need))
    return found


@dataclass
class _Choosing:
    judge: Judge
    lacking: Sequence[StackNeed]
    base: tuple[Candidate, ...]
    _judges: dict[frozenset[str], Judge] = field(default_factory=dict)
    _decisions: dict[tuple[StackNeed, frozenset[str]], Judged] = field(default_factory=dict)

    def of(self, candidates: Sequence[Candidate]) -> Choice:
        possible = self.possible(candidates)
        if not possible:
            return Choice()
        useful = [each for each in candidates if self.touches(each)]
        return self.smallest(useful, possible) if len(useful) <= EXACT_UP_TO else self.greedy(useful, possible)

    def possible(self, candidates: Sequence[Candidate]) -> set[StackNeed]:
        """What they give, together or alone: more than all together, where one denies what another allows."""
        return self.given(candidates).union(*(self.given((each,)) for each in candidates))

    def touches(self, candidate: Candidate) -> bool:
        """Whether any statement of it is about anything that is lacking."""
        return any(acts(candidate, need) for need in self.lacking)

    def given(self, chosen: Iterable[Candidate]) -> set[StackNeed]:
        """What is allowed with these attached."""
        those = tuple(chosen)
        return {need for need in self.lacking if self._allows(need, those)}

    def smallest(self, useful: Sequence[Candidate], possible: set[StackNeed]) -> Choice:
        """Every combination, the smallest first; where none gives all that is possible, the one that gives most."""
        best: tuple[int, tuple[Candidate, ...]] = 0, ()
        for size in range(1, len(useful) + 1):
            found = []
            for chosen in combinations(useful, size):
                given = len(self.given(chosen))
                found += [chosen] if given == len(possible) else []
                best = max(best, (given, chosen), key=lambda each: each[0])
            if found:
                return self._choice(found[0] if len(found) == 1 else min(found, key=_cost), exact=True)
        return self._choice(best[1], exact=True)

    def greedy(self, useful: Sequence[Candidate], possible: set[StackNeed]) -> Choice:
        """Again and again the set that gives most of what is left."""
        chosen: tuple[Candidate, ...] = ()
        given: set[StackNeed] = set()
        while given < possible:
            rest = [each for each in useful if each not in chosen]
            best = max(rest, key=lambda each: len(self.given((*chosen, each))), default=None)
            if best is None or len(more := self.given((*chosen, best))) <= len(given):
                break
            chosen, given = (*chosen, best), more
        return self._choice(chosen, exact=False)

    def _choice(self, chosen: Sequence[Candidate], *, exact: bool) -> Choice:
        return Choice(tuple(each.name for each in chosen), frozenset(self.given(chosen)), exact)

    def _allows(self, need: StackNeed, chosen: tuple[Candidate, ...]) -> bool:
        """Only those whose statements are about the action can change what is decided."""
        about = tuple(each for each in (*self.base, *chosen) if acts(each, need))
        key = need, frozenset(each.name for each in about)
        if key not in self._decisions:
            self._decisions[key] = self._judge(about).judged(need)
        return self._decisions[key].verdict == "allowed"

    def _judge(self, chosen: tuple[Candidate, ...]) -> Judge:
        names = frozenset(each.name for each in chosen)
        if names not in self._judges:
            added = tuple(policy for each in chosen for policy in each.policies)
            self._judges[names] = Judge(_with(self.judge.policies, added), self.judge.asks, self.judge.strict)
        return self._judges[names]


def _with(policies: Policies, added: tuple[Policy, ...]) -> Policies:
    return replace(policies, identity=(*policies.identity, *added))


def acts(candidate: Candidate, need: StackNeed) -> bool:
    """Whether any statement of a set is about what is needed."""
    action = need.action.lower()
    service = action.partition(":")[0]
    return any(rule.acts(action, service) for each in candidate.policies for rule in each.compiled.about(service))


def _cost(chosen: Sequence[Candidate]) -> int:
    return breadth(text for each in chosen for text in each.texts)


def breadth(texts: Iterable[str]) -> int:
    """How many of AWS's actions these documents allow on anything at all."""
    known = actions.load()
    found: set[str] = set()
    for text in texts:
        try:
            statements = parse(text).statements
        except DocumentError:
            continue
        for each in statements:
            if each.effect == "Allow":
                named = {action for pattern in each.actions.values for action in known.expand(pattern)}
                found |= set(known.expand("*")) - named if each.actions.negated else named
    return len(found)
