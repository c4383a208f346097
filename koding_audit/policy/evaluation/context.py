"""The condition context of a request: known, absent and open keys."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import field

from koding_audit.model.frozen import dataclass


class ConditionState(enum.Enum):
    """The state of a condition key without a known value: a real call lacks it (ABSENT), or may have any (OPEN)."""

    ABSENT = "absent"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Context:
    """The condition keys of a request. Make it with `from_values`, once for all requests that share it.

    values: by key in lower case (key names are case-insensitive: reference_policies_condition-keys).
    absent: keys that a real call does not have, in lower case.
    absent_families: the prefixes of such keys, `aws:principaltag/`.
    possible: the value that a key has if the call has it at all; for open keys, in lower case.
    is_complete: whether every key that is not in values is absent; otherwise a key that is in neither is open.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    absent_families: tuple[str, ...] = ()
    possible: Mapping[str, str] = field(default_factory=dict)
    is_complete: bool = False

    @classmethod
    def from_values(
        cls,
        values: Mapping[str, Iterable[str] | str],
        absent: Iterable[str] = (),
        *,
        complete: bool,
    ) -> Context:
        """Make a context from keys in any case, each with its value or values. A key with no value is absent.

        absent: keys and families of keys (`aws:PrincipalTag/*`), in any case.
        """
        listed = {key.lower(): (each,) if isinstance(each, str) else tuple(each) for key, each in values.items()}
        empty = [key for key, each in listed.items() if not each]
        known = {key: each for key, each in listed.items() if each}
        lacking = frozenset([*(each.lower() for each in absent), *empty])
        families = tuple(each[:-1] for each in lacking if each.endswith("*"))
        return cls(known, lacking, families, is_complete=complete)

    def get(self, key: str) -> tuple[str, ...] | ConditionState:
        """Return the values of a key in lower case, never an empty tuple; or its state."""
        found = self.values.get(key)
        if found is not None:
            return found
        if self.is_complete or key in self.absent:
            return ConditionState.ABSENT
        return ConditionState.ABSENT if key.startswith(self.absent_families) else ConditionState.OPEN
