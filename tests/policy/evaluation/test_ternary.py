"""Logic with a third value: what decides, and what is left open."""

from __future__ import annotations

import itertools

import pytest

from koding_audit.policy.evaluation.ternary import Truth, Unsure, all_of, any_of, negate_truth, unsure_because

OPEN = Unsure(keys=frozenset({"aws:sourceip"}))
UNREAD = unsure_because("was not read")
VALUES: tuple[Truth, ...] = (True, False, OPEN, UNREAD)


def test_one_true_decides_any_and_one_false_decides_all() -> None:
    assert any_of([OPEN, True, UNREAD]) is True
    assert all_of([OPEN, False, UNREAD]) is False
    assert any_of([]) is False
    assert all_of([]) is True


def test_what_is_open_is_put_together_with_its_keys_and_problems() -> None:
    both = Unsure(OPEN.keys, UNREAD.problems)
    assert any_of([OPEN, False, UNREAD]) == both
    assert all_of([UNREAD, True, OPEN]) == both


@pytest.mark.parametrize(("one", "other"), [*itertools.product(VALUES, repeat=2)])
def test_negation_turns_any_into_all(one: Truth, other: Truth) -> None:
    assert negate_truth(any_of([one, other])) == all_of([negate_truth(one), negate_truth(other)])
    assert negate_truth(negate_truth(one)) == one


def test_what_is_unsure_is_never_taken_for_true_or_false() -> None:
    with pytest.raises(TypeError):
        bool(OPEN)
