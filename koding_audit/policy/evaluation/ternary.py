"""Three-valued logic (Kleene): true, false, or unsure with what would decide it."""

from __future__ import annotations

from collections.abc import Iterable

from koding_audit.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Unsure:
    """Neither true nor false, as far as is known.

    keys: the open condition keys that would decide it.
    problems: what is invalid or was not read.
    """

    keys: frozenset[str] = frozenset()
    problems: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        raise TypeError("compare a Truth with `is True` or `is False`")


Truth = bool | Unsure


def unsure_because(text: str) -> Unsure:
    """Unsure because of one problem."""
    return Unsure(problems=frozenset((text,)))


def negate_truth(value: Truth) -> Truth:
    """The opposite; unsure stays unsure."""
    return value if isinstance(value, Unsure) else not value


def any_of(values: Iterable[Truth]) -> Truth:
    """True if one value is true; else unsure of everything that any value is unsure of, or false."""
    unsure: Unsure | None = None
    for value in values:
        if value is True:
            return True
        if isinstance(value, Unsure):
            unsure = merge_unsure(unsure, value)
    return False if unsure is None else unsure


def all_of(values: Iterable[Truth]) -> Truth:
    """False if one value is false; else unsure of everything that any value is unsure of, or true."""
    unsure: Unsure | None = None
    for value in values:
        if value is False:
            return False
        if isinstance(value, Unsure):
            unsure = merge_unsure(unsure, value)
    return True if unsure is None else unsure


def merge_unsure(one: Unsure | None, other: Unsure) -> Unsure:
    """Unsure of everything that either is unsure of."""
    return other if one is None else Unsure(one.keys | other.keys, one.problems | other.problems)
