"""Compares documents: by class of actions, within it by region of resources, within it by truth table of conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from koding_audit.policy.diff.actions import ActionBox, ActionElements
from koding_audit.policy.diff.conditions import Term
from koding_audit.policy.diff.examples import example_documents
from koding_audit.policy.diff.patterns import (
    Effort,
    PatternSpace,
    Region,
    Tokens,
    TooManyStates,
    nearness,
    resource_tokens,
)
from koding_audit.policy.diff.set_operators import drop_set_operators
from koding_audit.policy.diff.statements import (
    PrincipalValue,
    Reach,
    ResourceElement,
    ScopedStatement,
    ScopePart,
    StatementScope,
    account_root_arns,
    merge_scopes,
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
_STATEMENTS_EFFORT = 5  # automata whose limits hold for a comparison by statement


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
        self._read = cache(resource_tokens)
        self._outcomes: dict[tuple[Side, Side], PlaceDifference] = {}
        self._unclear = {f"{action} names no service" for action in _unclear_actions(old, new)}
        self._forget_reasons()

    def _forget_reasons(self) -> None:
        self.reasons = set(self._unclear)
        self.open_losses = bool(self._unclear)

    def changes(self) -> Iterator[tuple[str, PolicyChange]]:
        """Yield each proven change, with its kind."""
        try:
            yield from list(self._changes(self._old, self._new))
        except TooManyStates:
            self._forget_reasons()
            yield from self._changes_by_statement()

    def _changes_by_statement(self) -> Iterator[tuple[str, PolicyChange]]:
        """Yield the changes in the places of each statement that only one side has; there are no others.

        In each of these places only the statements count that touch it.
        """
        effort = Effort(_STATEMENTS_EFFORT)
        old, new = dict.fromkeys(self._old), dict.fromkeys(self._new)
        reach = {rule: Reach.of(rule) for rule in (*old, *new)}
        try:
            for own, other in ((old, new), (new, old)):
                for rule in (rule for rule in own if rule not in other):
                    effort.spend(0, len(reach))
                    near = [each for each in reach if reach[each].touches(reach[rule])]
                    for box in _boxes(rule, [each for each in near if each in other], effort):
                        effort.spend(0, len(near))
                        inside = [each for each in near if all(reach[each].touches(reach[one]) for one in box.rules)]
                        before, after = ([each for each in inside if each in side] for side in (old, new))
                        yield from list(self._changes(before, after, box))
        except TooManyStates:
            self.reasons.add("the patterns combine in too many ways")
            self.open_losses = True

    def _changes(
        self, old: Iterable[ScopedStatement], new: Iterable[ScopedStatement], box: _Box | None = None
    ) -> Iterator[tuple[str, PolicyChange]]:
        """Yield the changes between two sides, within a box if there is one. Raises TooManyStates."""
        known: dict[tuple[frozenset[int], frozenset[int]], list[_ClassChange]] = {}
        elements = ActionElements(
            *([(rule.actions, self._numbers[rule.scope]) for rule in side] for side in (old, new))
        )
        for each in elements.classes(box.action_box(self._scopes) if box else None):
            pair = each.old, each.new
            if each.old != each.new and pair not in known:
                known[pair] = self._class_changes(*pair, box)
            for found in known.get(pair, ()):
                for action in each.labels:
                    yield found.name, PolicyChange(action, found.resource, found.when, found.principal)

    def _class_changes(self, old: frozenset[int], new: frozenset[int], box: _Box | None) -> list[_ClassChange]:
        """The changes for actions to which these scopes apply, each with one example resource."""
        sides = [merge_scopes(self._scopes[number] for number in sorted(side)) for side in (old, new)]
        scopes = list(sides[0] | sides[1])
        numbers = [[number for number, scope in enumerate(scopes) if scope in side] for side in sides]
        elements = sorted({each for scope in scopes for each in scope.elements()})
        bits = {element: 1 << number for number, element in enumerate(elements)}
        places = box.resource_tokens() if box else [_differing_resources(*sides)]
        space = self._resource_space(elements, places)
        texts = _ExampleTexts(elements, space)
        found: dict[tuple[str, str, str], str] = {}
        fewest, effort = (box.rivals(scopes, sides, bits), box.effort) if box else (0, None)
        for region in space.regions("", 1 << len(elements), fewest, effort).values():
            if region.mask >> len(elements) != (1 << len(places)) - 1:
                continue  # outside of the place
            terms = [scope.resource_term(region.mask, bits) for scope in scopes]
            example = ""
            for principal in self._principals:
                outcome = self._outcome(
                    *(_side([(scopes[each], terms[each]) for each in side], principal) for side in numbers)
                )
                for name, when in self._proven_differences(outcome):
                    place = (name, when, ":".join(principal or ()))
                    example = example or texts.example(region)
                    found[place] = min(found.get(place, example), example)
        return [_ClassChange(*place, example) for place, example in found.items()]

    def _resource_space(self, elements: Iterable[ResourceElement], places: Sequence[set[Tokens]]) -> PatternSpace:
        """The elements and then the places, without the patterns that touch no place."""
        is_near = nearness(places[0])
        patterns = (filter(is_near, element.tokens(self._read)) for element in elements)
        every = (*patterns, *(sorted(each, key=str) for each in places))
        return PatternSpace([dict.fromkeys(each, "") for each in every])

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


@dataclass(frozen=True, slots=True)
class _Box:
    """The place of some statements: the actions and resources to which all of them apply.

    A rival can only hide what they change. Where fewer rivals apply, the same changes are seen or more, so the places
    with the fewest decide.

    rules: the statements, the first of which only one side has.
    effort: what may be spent.
    """

    rules: tuple[ScopedStatement, ...]
    effort: Effort

    def resource_tokens(self) -> list[set[Tokens]]:
        """For each statement, the tokens of its resource patterns; it applies to no resource outside of them."""
        return [_reachable_tokens(rule.scope.parts()) for rule in self.rules]

    def action_box(self, scopes: Sequence[StatementScope]) -> ActionBox:
        """The box for actions. scopes: by number."""

        def is_rival(number: int, *, is_shared: bool) -> bool:
            return self._is_rival(scopes[number], is_shared=is_shared)

        return ActionBox([rule.actions for rule in self.rules], is_rival, self.effort)

    def rivals(
        self,
        scopes: Iterable[StatementScope],
        sides: Sequence[frozenset[StatementScope]],
        bits: Mapping[ResourceElement, int],
    ) -> int:
        """The mask of the elements that only rivals have, and not negated or with variables."""
        needed = {each for scope in scopes if not self._is_plain_rival(scope, sides) for each in scope.elements()}
        return sum(bit for element, bit in bits.items() if element not in needed)

    def _is_plain_rival(self, scope: StatementScope, sides: Sequence[frozenset[StatementScope]]) -> bool:
        is_plain = not scope.resources_negated and not scope.variable_resources
        return is_plain and self._is_rival(scope, is_shared=all(scope in side for side in sides))

    def _is_rival(self, scope: StatementScope, *, is_shared: bool) -> bool:
        """All are rivals, but a Deny of one side is none of an Allow: it can make a difference with it."""
        return scope.allows or is_shared or not self.rules[0].scope.allows


def _boxes(rule: ScopedStatement, others: Iterable[ScopedStatement], effort: Effort) -> Iterator[_Box]:
    """Yield the places in which a statement that only one side has can make a difference.

    others: the statements of the other side that touch it. What a Deny takes away is in the place of an Allow.
    """
    yield _Box((rule,), effort)
    if not rule.scope.allows:
        for other in others:
            if other.scope.allows:
                yield _Box((rule, other), effort)


def _side(applying: Iterable[tuple[StatementScope, Term | None]], principal: PrincipalValue | None) -> Side:
    """The terms under which one side's statements apply to one region and principal.

    applying: each scope with its term for the region, None if it does not apply there.
    """
    allows: set[Term] = set()
    denies: set[Term] = set()
    for scope, clauses in applying:
        if clauses is not None and (extra := principal_term(scope, principal)) is not None:
            (allows if scope.allows else denies).add(scope.term | clauses | extra)
    return Side(frozenset(allows), frozenset(denies))


def _differing_resources(old: Iterable[StatementScope], new: Iterable[StatementScope]) -> set[Tokens]:
    """The resource patterns outside of which the two sides are the same."""
    before, after = ({part for scope in side for part in scope.parts()} for side in (old, new))
    return _reachable_tokens(before ^ after)


def _reachable_tokens(parts: Iterable[ScopePart]) -> set[Tokens]:
    return {tokens for part in parts for tokens in part.reachable_tokens()}


def _unclear_actions(old: Documents, new: Documents) -> set[str]:
    """The actions whose meaning is not known because their service has a wildcard; none if both sides are the same."""
    documents = [*_document_list(old), *_document_list(new)]
    if all(each == documents[0] for each in documents):
        return set()
    statements = (statement for document in documents for statement in document.statements)
    return {each for statement in statements for each in statement.actions.values if has_wildcard_service(each)}


def _document_list(documents: Documents) -> Sequence[Document]:
    return [documents] if isinstance(documents, Document) else documents


class _ExampleTexts:
    """Example resources: the texts of patterns where they can be one."""

    def __init__(self, elements: Sequence[ResourceElement], space: PatternSpace) -> None:
        self._masks: dict[str, int] = {}
        for number, element in enumerate(elements):
            for text in element.patterns:
                self._masks[text] = self._masks.get(text, 0) | 1 << number
        self._mask_of = cache(space.mask_of)

    def example(self, region: Region) -> str:
        """The first text of a pattern that lies in the region, `*` where it can be one, else any text of it."""
        texts = (text for text, mask in self._masks.items() if not mask & ~region.mask)
        found = (text for text in texts if self._mask_of(text) == region.mask)
        return min(found, default="*" if self._mask_of("*") == region.mask else region.example)
