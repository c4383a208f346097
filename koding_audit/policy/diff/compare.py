"""Compares documents: by class of actions, within it by region of resources, within it by truth table of conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from koding_audit.policy.diff.actions import ActionClass, ActionElements
from koding_audit.policy.diff.conditions import Term
from koding_audit.policy.diff.examples import example_documents
from koding_audit.policy.diff.patterns import PatternSpace, Region, Tokens, TooManyStates
from koding_audit.policy.diff.set_operators import drop_set_operators
from koding_audit.policy.diff.statements import (
    PrincipalValue,
    StatementScope,
    account_root_arns,
    principal_term,
    representative_principals,
    scoped_statements,
)
from koding_audit.policy.diff.truth_table import PlaceDifference, Side, compare_sides
from koding_audit.policy.diff.values import Difference, DiffVerdict, PolicyChange
from koding_audit.policy.document import Document, has_wildcard_service
from koding_audit.reference.key_relations import NO_RELATIONS, KeyRelations, load_key_relations

Documents = Document | Sequence[Document]

_MOST_REASONS = 3  # reasons in a message


def compare_documents(old: Documents, new: Documents, *, values: bool = True) -> Difference:
    """Return what only the new documents, or only the old documents, allow or deny.

    The statements of several documents apply together. The verdict is `equal` only if it is proven that every request
    has the same result, and `undecided` if neither a difference nor equality is proven.
    values: whether the conditions of a change show their values; a report leaves them out, because they are a part of
        the document.
    """
    for comparison in _attempts(old, new, values=values):
        found = _collect_changes(comparison)
        if found or not comparison.reasons:
            break
    else:
        found = _collect_example_changes(old, new, values=values)
    why = "; ".join(sorted(comparison.reasons)[:_MOST_REASONS])
    verdict: DiffVerdict = "different" if found else "undecided" if why else "equal"
    return Difference(verdict, **{name: tuple(sorted(each)) for name, each in found.items()}, why=why)


def _attempts(old: Documents, new: Documents, *, values: bool) -> Iterator[_DocumentComparison]:
    """Yield comparisons of both sides, each with more effort than the one before."""
    yield _DocumentComparison(old, new, values=values)
    yield _DocumentComparison(old, new, values=values, thorough=True)
    sides = _document_list(old), _document_list(new)
    before, after = map(drop_set_operators, sides)
    if (before, after) != tuple(map(tuple, sides)):
        yield _DocumentComparison(before, after, values=values, thorough=True)


def _collect_changes(comparison: _DocumentComparison) -> dict[str, set[PolicyChange]]:
    """The changes of each kind."""
    found: dict[str, set[PolicyChange]] = {}
    for name, change in comparison.changes():
        found.setdefault(name, set()).add(change)
    return found


def _collect_example_changes(old: Documents, new: Documents, *, values: bool) -> dict[str, set[PolicyChange]]:
    """The changes of each kind for the first example values of the variables that show one."""
    for example in example_documents(_document_list(old), _document_list(new)):
        comparison = _DocumentComparison(example.old, example.new, values=values, thorough=True)
        found = _collect_changes(comparison)
        if found:
            when = example.describe(values=values)
            return {
                name: {replace(each, condition=" and ".join(filter(None, (when, each.condition)))) for each in changes}
                for name, changes in found.items()
            }
    return {}


def covers_documents(big: Documents, small: Documents) -> bool | None:
    """Whether `big` allows everything that `small` allows; None if that is undecided."""
    for comparison in _attempts(small, big, values=True):
        if any(name == "lost" for name, _ in comparison.changes()):
            return False
        if not comparison.open_losses:
            return True
    return False if "lost" in _collect_example_changes(small, big, values=True) else None


@dataclass(frozen=True, slots=True, order=True)
class _ClassChange:
    """A change for one class of actions, without the action.

    name: the kind of change, as in PlaceDifference.
    when: the condition, "" for always.
    principal: as in PolicyChange.
    resource: an example.
    """

    name: str
    when: str
    principal: str
    resource: str


class _DocumentComparison:
    """One comparison. `reasons` and `open_losses` are complete once changes() is exhausted.

    reasons: why something is undecided.
    open_losses: whether it is undecided if something is lost.
    """

    def __init__(self, old: Documents, new: Documents, *, values: bool = True, thorough: bool = False) -> None:
        self._values = values
        self._is_thorough = thorough
        accounts = account_root_arns([*_document_list(old), *_document_list(new)])
        self._old, self._new = (
            scoped_statements(_document_list(old), accounts),
            scoped_statements(_document_list(new), accounts),
        )
        self._scopes = list(dict.fromkeys(rule.scope for rule in (*self._old, *self._new)))
        self._numbers = {scope: number for number, scope in enumerate(self._scopes)}
        self._principals = representative_principals(self._scopes)
        self._outcomes: dict[tuple[Side, Side], PlaceDifference] = {}
        self.reasons: set[str] = set()
        self.open_losses = False
        for action in _unclear_actions(old, new):
            self.reasons.add(f"{action} names no service")
            self.open_losses = True

    def changes(self) -> Iterator[tuple[str, PolicyChange]]:
        """Yield each proven change, with its kind."""
        known: dict[tuple[frozenset[int], frozenset[int]], list[_ClassChange]] = {}
        for each in self._classes():
            pair = each.old, each.new
            if each.old != each.new and pair not in known:
                known[pair] = self._class_changes(*pair)
            for found in known.get(pair, ()):
                for action in each.labels:
                    yield found.name, PolicyChange(action, found.resource, found.when, found.principal)

    def _classes(self) -> Iterator[ActionClass]:
        sides = ([(rule.actions, self._numbers[rule.scope]) for rule in rules] for rules in (self._old, self._new))
        try:
            yield from ActionElements(*sides).classes()
        except TooManyStates:
            self._note_too_many_states()

    def _class_changes(self, old: frozenset[int], new: frozenset[int]) -> list[_ClassChange]:
        """The changes for actions to which these scopes apply, each with one example resource."""
        scopes = [self._scopes[number] for number in sorted(old | new)]
        elements = sorted({each for scope in scopes for each in (scope.resources, *scope.variable_resources)})
        bits = {element: 1 << number for number, element in enumerate(elements)}
        differing = _differing_resources(*({self._scopes[number] for number in side} for side in (old, new)))
        space = PatternSpace([*(element.tokens() for element in elements), differing])
        mask_of = cache(space.mask_of)
        found: dict[tuple[str, str, str], str] = {}
        for region in self._regions(space, 1 << len(elements)):
            terms = {number: self._scopes[number].resource_term(region.mask, bits) for number in old | new}
            example = ""
            for principal in self._principals:
                outcome = self._outcome(*(self._side(side, terms, principal) for side in (old, new)))
                for name, when in self._proven_differences(outcome):
                    place = (name, when, ":".join(principal or ()))
                    example = example or _example_resource(mask_of, region)
                    found[place] = min(found.get(place, example), example)
        return [_ClassChange(*place, example) for place, example in found.items()]

    def _side(
        self, numbers: frozenset[int], terms: Mapping[int, Term | None], principal: PrincipalValue | None
    ) -> Side:
        """The terms under which one side's statements apply to one region and principal."""
        allows: set[Term] = set()
        denies: set[Term] = set()
        for number in numbers:
            scope, clauses = self._scopes[number], terms[number]
            if clauses is not None and (extra := principal_term(scope, principal)) is not None:
                (allows if scope.allows else denies).add(scope.term | clauses | extra)
        return Side(frozenset(allows), frozenset(denies))

    def _outcome(self, old: Side, new: Side) -> PlaceDifference:
        if (old, new) not in self._outcomes:
            self._outcomes[old, new] = compare_sides(
                old, new, self._key_relations, values=self._values, thorough=self._is_thorough
            )
        return self._outcomes[old, new]

    @cached_property
    def _key_relations(self) -> KeyRelations:
        if not any(scope.term or scope.variable_resources for scope in self._scopes):
            return NO_RELATIONS  # the usual case: nothing is loaded
        return load_key_relations(has_principals=any(scope.principals for scope in self._scopes))

    def _proven_differences(self, outcome: PlaceDifference) -> Iterator[tuple[str, str]]:
        """Yield each proven kind of change with its condition; note what is undecided."""
        if outcome.why:
            self.reasons.add(outcome.why)
            self.open_losses |= outcome.lost.found is None
        for name, aspect in outcome.aspects().items():
            if aspect.found:
                yield name, aspect.when

    def _regions(self, space: PatternSpace, within: int) -> Iterable[Region]:
        try:
            return space.regions(within=within).values()
        except TooManyStates:
            self._note_too_many_states()
            return ()

    def _note_too_many_states(self) -> None:
        self.reasons.add("the patterns combine in too many ways")
        self.open_losses = True


def _differing_resources(old: Iterable[StatementScope], new: Iterable[StatementScope]) -> dict[Tokens, str]:
    """The resource patterns outside of which the two sides are the same."""
    before, after = ({part for scope in side for part in scope.parts()} for side in (old, new))
    return {tokens: "" for part in before ^ after for tokens in part.reachable_tokens()}


def _unclear_actions(old: Documents, new: Documents) -> set[str]:
    """The actions whose meaning is not known because their service has a wildcard; none if both sides are the same."""
    documents = [*_document_list(old), *_document_list(new)]
    if all(each == documents[0] for each in documents):
        return set()
    statements = (statement for document in documents for statement in document.statements)
    return {each for statement in statements for each in statement.actions.values if has_wildcard_service(each)}


def _document_list(documents: Documents) -> Sequence[Document]:
    return [documents] if isinstance(documents, Document) else documents


def _example_resource(mask_of: Callable[[str], int], region: Region) -> str:
    """An example resource of the region: the text of a pattern if it lies in the region, `*` for any."""
    texts = sorted(label or "*" for label in region.labels)
    return next((text for text in texts if mask_of(text) == region.mask), region.example)
