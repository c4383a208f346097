"""Logic with a third value: what is neither true nor false as far as is known, and what would decide it (Kleene)."""

from __future__ import annotations

from collections.abc import Iterable

from koding_audit.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Unsure:
    """keys: open condition keys that decide; problems: what cannot be read or was not read."""

    keys: frozenset[str] = frozenset()
    problems: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        raise TypeError("compare a Truth with `is True` or `is False`")


Truth = bool | Unsure


def unsure_because(text: str) -> Unsure:
    return Unsure(problems=frozenset((text,)))


def negate_truth(value: Truth) -> Truth:
    return value if isinstance(value, Unsure) else not value


def any_of(values: Iterable[Truth]) -> Truth:
    """True as soon as one is; else unsure of all that are unsure together."""
    unsure: Unsure | None = None
    for value in values:
        if value is True:
            return True
        if isinstance(value, Unsure):
            unsure = merge_unsure(unsure, value)
    return False if unsure is None else unsure


def all_of(values: Iterable[Truth]) -> Truth:
    """False as soon as one is; else unsure of all that are unsure together."""
    unsure: Unsure | None = None
    for value in values:
        if value is False:
            return False
        if isinstance(value, Unsure):
            unsure = merge_unsure(unsure, value)
    return True if unsure is None else unsure


def merge_unsure(one: Unsure | None, other: Unsure) -> Unsure:
    return other if one is None else Unsure(one.keys | other.keys, one.problems | other.problems)
