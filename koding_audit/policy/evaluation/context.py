"""The condition context of a request, and what is known of each key."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import field

from koding_audit.model.frozen import dataclass


class ConditionState(enum.Enum):
    """What is known of a condition key that has no value: a real call has none (ABSENT), or may have any (OPEN)."""

    ABSENT = "absent"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Context:
    """The condition keys of a request; make it with `of`, once for all requests that share it.

    values: by key in lower case (key names are case-insensitive: reference_policies_condition-keys);
    absent: keys that a real call does not carry, in lower case, `aws:principaltag/*` for all that begin so;
    complete: every key that is not in values is absent; else one that is in neither is open.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    is_complete: bool = False

    @classmethod
    def from_values(
        cls, values: Mapping[str, Iterable[str] | str], absent: Iterable[str] = (), *, complete: bool
    ) -> Context:
        """From keys in any case, each with its value or values. A key with no value at all is absent."""
        listed = {key.lower(): (each,) if isinstance(each, str) else tuple(each) for key, each in values.items()}
        empty = [key for key, each in listed.items() if not each]
        kept = {key: each for key, each in listed.items() if each}
        return cls(kept, frozenset([*(each.lower() for each in absent), *empty]), complete)

    def get(self, key: str) -> tuple[str, ...] | ConditionState:
        """The values of a key in lower case, never an empty tuple."""
        found = self.values.get(key)
        if found is not None:
            return found
        if self.is_complete or key in self.absent:
            return ConditionState.ABSENT
        beginnings = [each[:-1] for each in self.absent if each.endswith("*")]
        return ConditionState.ABSENT if any(key.startswith(each) for each in beginnings) else ConditionState.OPEN
