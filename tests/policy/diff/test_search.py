"""The search for a request that shows a difference."""

from __future__ import annotations

from koding_audit.policy.diff.conditions import Atom, Clause
from koding_audit.policy.diff.search import Goal, find_row

ATOMS = [Atom("bool", "", f"k{number}", ("true",)) for number in range(3)]
NUMBERS = {atom: number for number, atom in enumerate(ATOMS)}
TERMS = [frozenset({Clause(frozenset({atom}))}) for atom in ATOMS]
BOTH = [[{number: truth} for truth in (False, True)] for number in range(3)]
NONE: frozenset[frozenset[Clause]] = frozenset()


def goal(*, gives: int, covers: int, denies: frozenset[frozenset[Clause]] = NONE) -> Goal:
    return Goal(frozenset({TERMS[gives]}), denies, frozenset({TERMS[covers]}), NONE)


def test_what_is_found_makes_the_difference_true_and_has_no_more_than_it_needs() -> None:
    assert find_row(goal(gives=0, covers=1), NUMBERS, BOTH) == {0: True, 1: False}


def test_nothing_is_found_where_the_other_side_allows_the_same() -> None:
    assert find_row(goal(gives=0, covers=0), NUMBERS, BOTH) is None


def test_nothing_is_found_where_a_denial_applies_to_every_request() -> None:
    always = frozenset({frozenset[Clause]()})
    assert find_row(goal(gives=0, covers=1, denies=always), NUMBERS, BOTH) is None


def test_a_condition_whose_values_are_not_known_is_never_assumed() -> None:
    assert find_row(goal(gives=0, covers=1), NUMBERS, BOTH[:1]) is None


def test_conditions_that_are_only_true_together_are_not_told_apart() -> None:
    together = [{0: truth, 1: truth} for truth in (False, True)]
    assert find_row(goal(gives=0, covers=1), NUMBERS, [together, BOTH[2]]) is None
