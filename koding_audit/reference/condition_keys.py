"""The global condition keys of AWS, and which of them a direct call of each kind of caller carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_rows

CallerKind = Literal["user", "session", "federated", "service", "anonymous", "root"]
"""user: with an access key; session: of an assumed role; federated: of GetFederationToken; service: an AWS service."""

KeyPresence = Literal["always", "never", "sometimes"]

_CALLERS: tuple[CallerKind, ...] = ("user", "session", "federated", "service", "anonymous", "root")


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """A global condition key.

    name: as AWS spells it; a family of keys ends in `/*`, `aws:PrincipalTag/*`.
    presence: whether a direct call carries it, by the kind of caller.
    values: by the kind of caller, the only value that it can have in a direct call.
    needs_organization: whether it is only there if the caller's account is in an organization.
    """

    name: str
    presence: Mapping[CallerKind, KeyPresence]
    values: Mapping[CallerKind, str] = field(default_factory=dict)
    needs_organization: bool = False


@dataclass(frozen=True, slots=True)
class ConditionKeyTable:
    """The global condition keys, at the date of the list of services (`make data` compares both).

    keys: by name in lower case.
    """

    keys: Mapping[str, ConditionKey]

    def is_unknown(self, key: str) -> bool:
        """Whether a key is a global one that is not in this table, and so may be newer. key: in lower case."""
        family = f"{key.partition('/')[0]}/*"
        return key.startswith("aws:") and key not in self.keys and family not in self.keys

    def absent_keys(self, caller: CallerKind, *, in_organization: bool) -> frozenset[str]:
        """The keys that no direct call of this caller carries, in lower case.

        in_organization: whether the caller's account is in an organization, or may be.
        """
        found = self.keys.items()
        lacking = frozenset(name for name, key in found if key.needs_organization and not in_organization)
        return lacking | {name for name, key in found if key.presence[caller] == "never"}

    def fixed_values(self, caller: CallerKind) -> Mapping[str, str]:
        """The keys that every direct call of this caller carries with the same value, in lower case."""
        return self._values(caller, "always")

    def possible_values(self, caller: CallerKind) -> Mapping[str, str]:
        """The keys that a direct call of this caller carries with this value or not at all, in lower case."""
        return self._values(caller, "sometimes")

    def _values(self, caller: CallerKind, presence: KeyPresence) -> Mapping[str, str]:
        found = ((name, key) for name, key in self.keys.items() if key.presence[caller] == presence)
        return {name: key.values[caller] for name, key in found if caller in key.values}


def load_condition_keys() -> ConditionKeyTable:
    """Load the table, in about 1 ms. An inferred row makes its key known, and decides nothing."""
    return ConditionKeyTable({row["key"].lower(): _parse_key(row) for row in read_rows("condition_keys")})


def _parse_key(row: Mapping[str, Any]) -> ConditionKey:
    if row.get("inferred"):
        return ConditionKey(row["key"], dict.fromkeys(_CALLERS, "sometimes"))
    presence: dict[CallerKind, KeyPresence] = {each: _parse_presence(row[each]) for each in _CALLERS}
    return ConditionKey(row["key"], presence, row.get("values", {}), row.get("needs_organization", False))


def _parse_presence(text: str) -> KeyPresence:
    return "always" if text == "always" else "never" if text == "never" else "sometimes"
