"""The comparison: classes of actions, in each the regions of resources, in each the truth table of what decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from koding_audit.difference.actions import ActionClass, Actions
from koding_audit.difference.atoms import Term
from koding_audit.difference.patterns import Region, Space, TooManyStates
from koding_audit.difference.statements import (
    Principal,
    accounts_of,
    people_of,
    reading,
    rules_of,
)
from koding_audit.difference.truth import Outcome, Side, decide
from koding_audit.difference.values import Change, Difference, Verdict
from koding_audit.document import Document

Documents = Document | Sequence[Document]

_REASONS = 3  # that a message tells


def compare(old: Documents, new: Documents, *, values: bool = True) -> Difference:
    """What the new document allows and denies that the old does not, and the other way round.

    Several documents are one: all their statements apply together. `equal` is said only where no request tells the two
    apart; `undecided` where no difference is proven, but equality is not either. values: whether the conditions of a
    change are told with their values: in a report they are a part of a document that nobody asked for.
    """
    comparison = _Comparison(old, new, values=values)
    found: dict[str, set[Change]] = {}
    for name, change in comparison.changes():
        found.setdefault(name, set()).add(change)
    why = "; ".join(sorted(comparison.reasons)[:_REASONS])
    verdict: Verdict = "different" if found else "undecided" if why else "equal"
    return Difference(verdict, **{name: tuple(sorted(each)) for name, each in found.items()}, why=why)


def covers(big: Documents, small: Documents) -> bool | None:
    """Whether the big one allows everything that the small one allows; None where that is not decided."""
    comparison = _Comparison(small, big)
    if any(name == "lost" for name, _ in comparison.changes()):
        return False
    return None if comparison.open_losses else True


@dataclass(frozen=True, slots=True, order=True)
class _Found:
    """A difference among the statements of one class of actions: all but the action. name: as in Outcome."""

    name: str
    when: str
    principal: str
    resource: str


class _Comparison:
    """reasons: why something was not decided; open_losses: whether a loss was not. Both grow as changes() is read."""

    def __init__(self, old: Documents, new: Documents, *, values: bool = True) -> None:
        self._values = values
        accounts = accounts_of([*_listed(old), *_listed(new)])
        self._old, self._new = rules_of(_listed(old), accounts), rules_of(_listed(new), accounts)
        self._scopes = list(dict.fromkeys(rule.scope for rule in (*self._old, *self._new)))
        self._numbers = {scope: number for number, scope in enumerate(self._scopes)}
        self._people = people_of(self._scopes)
        self._outcomes: dict[tuple[Side, Side], Outcome] = {}
        self.reasons: set[str] = set()
        self.open_losses = False

    def changes(self) -> Iterator[tuple[str, Change]]:
        """Each difference that is proven, with its name."""
        known: dict[tuple[frozenset[int], frozenset[int]], list[_Found]] = {}
        for each in self._classes():
            pair = each.old, each.new
            if each.old != each.new and pair not in known:
                known[pair] = self._of_class(*pair)
            for found in known.get(pair, ()):
                for action in each.labels:
                    yield found.name, Change(action, found.resource, found.when, found.principal)

    def _classes(self) -> Iterator[ActionClass]:
        sides = ([(rule.actions, self._numbers[rule.scope]) for rule in rules] for rules in (self._old, self._new))
        try:
            yield from Actions(*sides).classes()
        except TooManyStates:
            self._too_many()

    def _of_class(self, old: frozenset[int], new: frozenset[int]) -> list[_Found]:
        """What is different for actions to which these scopes apply: for each difference one resource."""
        scopes = [self._scopes[number] for number in sorted(old | new)]
        elements = sorted({each for scope in scopes for each in (scope.resources, *scope.variable)})
        bits = {element: 1 << number for number, element in enumerate(elements)}
        space = Space([element.tokens() for element in elements])
        found: dict[tuple[str, str, str], str] = {}
        for region in self._regions(space):
            terms = {number: self._scopes[number].clauses(region.mask, bits) for number in old | new}
            for person in self._people:
                outcome = self._outcome(*(self._side(side, terms, person) for side in (old, new)))
                for name, when in self._proven(outcome):
                    place = (name, when, ":".join(person or ()))
                    example = _example(space, region)
                    found[place] = min(found.get(place, example), example)
        return [_Found(*place, example) for place, example in found.items()]

    def _side(self, numbers: frozenset[int], terms: Mapping[int, Term | None], person: Principal | None) -> Side:
        """The terms under which one side's statements apply to one region and principal."""
        allows: set[Term] = set()
        denies: set[Term] = set()
        for number in numbers:
            scope, clauses = self._scopes[number], terms[number]
            if clauses is not None and (said := reading(scope, person)) is not None:
                (allows if scope.allows else denies).add(scope.term | clauses | said)
        return Side(frozenset(allows), frozenset(denies))

    def _outcome(self, old: Side, new: Side) -> Outcome:
        if (old, new) not in self._outcomes:
            self._outcomes[old, new] = decide(old, new, values=self._values)
        return self._outcomes[old, new]

    def _proven(self, outcome: Outcome) -> Iterator[tuple[str, str]]:
        """The name of each difference that is proven, with its condition; what is open is noted."""
        if outcome.why:
            self.reasons.add(outcome.why)
            self.open_losses |= outcome.lost.found is None
        for name, aspect in outcome.aspects().items():
            if aspect.found:
                yield name, aspect.when

    def _regions(self, space: Space) -> Iterable[Region]:
        try:
            return space.regions().values()
        except TooManyStates:
            self._too_many()
            return ()

    def _too_many(self) -> None:
        self.reasons.add("the patterns combine in too many ways")
        self.open_losses = True


def _listed(documents: Documents) -> Sequence[Document]:
    return [documents] if isinstance(documents, Document) else documents


def _example(space: Space, region: Region) -> str:
    """A resource of the region: a pattern's own text where that is one, `*` for any."""
    texts = sorted(label or "*" for label in region.labels)
    return next((text for text in texts if space.mask_of(text) == region.mask), region.example)
