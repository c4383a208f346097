"""Searches for a request that shows a difference, where more conditions apply than a truth table can hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from koding_audit.model.frozen import dataclass
from koding_audit.policy.diff.conditions import Atom, Term
from koding_audit.policy.diff.key_values import Row

_MOST_STEPS = 1000  # assignments that are tried for one statement


@dataclass(frozen=True, slots=True)
class Goal:
    """The terms of a difference.

    true: one of these must be true.
    false: none of these may be true.
    false_unless: none of these may be true, unless one of `unless` is.
    unless: see `false_unless`.
    """

    true: frozenset[Term]
    false: frozenset[Term]
    false_unless: frozenset[Term]
    unless: frozenset[Term]

    def truth(self, row: Row, numbers: Mapping[Atom, int], terms: Iterable[Term]) -> bool | None:
        """Whether the difference exists, with these terms as `true`; None if the row does not say."""
        other = _all_of([_any_true(self.false_unless, row, numbers), _negate(_any_true(self.unless, row, numbers))])
        return _all_of([_any_true(terms, row, numbers), _negate(_any_true(self.false, row, numbers)), _negate(other)])


def find_row(goal: Goal, numbers: Mapping[Atom, int], groups: Sequence[Sequence[Row]]) -> Row | None:
    """Return the truths that are needed for the difference; None if none are found.

    numbers: the column of each atom.
    groups: for each group of columns that do not depend on the others, the rows that some request has.
    """
    for term in sorted(goal.true - goal.false_unless, key=len):
        first = {numbers[atom] for clause in term for atom in clause.atoms}
        order = sorted(groups, key=lambda rows: first.isdisjoint(rows[0]))
        row = _search(goal, numbers, [sorted(rows, key=lambda row: sum(row.values())) for rows in order], term)
        if row is not None:
            return _without_needless(goal, numbers, row)
    return None


def _search(goal: Goal, numbers: Mapping[Atom, int], groups: Sequence[Sequence[Row]], term: Term) -> Row | None:
    stack: list[tuple[Row, int]] = [({}, 0)]
    for _ in range(_MOST_STEPS):
        if not stack:
            return None
        row, number = stack.pop()
        truth = goal.truth(row, numbers, [term])
        if truth:
            return row
        if truth is None and number < len(groups):
            stack += [({**row, **each}, number + 1) for each in reversed(groups[number])]
    return None


def _without_needless(goal: Goal, numbers: Mapping[Atom, int], row: Row) -> Row:
    """The row without the truths that the difference does not need; false ones are dropped first."""
    needed = row
    for column in sorted(row, key=lambda each: (row[each], each)):
        without = {each: truth for each, truth in needed.items() if each != column}
        if goal.truth(without, numbers, goal.true):
            needed = without
    return needed


def _any_true(terms: Iterable[Term], row: Row, numbers: Mapping[Atom, int]) -> bool | None:
    return _negate(_all_of(_negate(_all_of(_clause_truths(term, row, numbers))) for term in terms))


def _clause_truths(term: Term, row: Row, numbers: Mapping[Atom, int]) -> Iterator[bool | None]:
    for clause in term:
        found = _negate(_all_of(_negate(row.get(numbers[atom])) for atom in clause.atoms))
        yield _negate(found) if clause.negated else found


def _all_of(truths: Iterable[bool | None]) -> bool | None:
    """False if one is false, else None if one is unknown."""
    found: bool | None = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            found = None
    return found


def _negate(truth: bool | None) -> bool | None:
    return None if truth is None else not truth
