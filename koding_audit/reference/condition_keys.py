"""The global condition keys of AWS, and which of them a direct call of each kind of caller carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_rows

CallerKind = Literal["user", "session", "federated", "service", "anonymous", "root"]
"""user: with an access key; session: of an assumed role; federated: of GetFederationToken; service: an AWS service."""

_CALLERS: tuple[CallerKind, ...] = ("user", "session", "federated", "service", "anonymous", "root")


@dataclass(frozen=True, slots=True)
class DirectCall:
    """The global condition keys of the direct calls of one kind of caller, in lower case.

    present: the keys that every call carries.
    values: the keys that every call carries with the same value.
    possible: the keys that a call carries with this value or not at all.
    absent: the keys that no call carries.
    absent_families: the prefixes of families of such keys, `aws:originidentity/`.
    """

    present: frozenset[str]
    values: Mapping[str, tuple[str, ...]]
    possible: Mapping[str, str]
    absent: frozenset[str]
    absent_families: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrincipalKeys:
    """The keys about the caller, as AWS spells them.

    arn, account, unique_id, organization: the key with this of the caller's.
    name: of a user.
    tag: the family with its tags, `aws:PrincipalTag/*`.
    kind: whether it is a user, a role's session, ...
    is_service: whether it is an AWS service.
    """

    arn: str
    account: str
    unique_id: str
    name: str
    organization: str
    tag: str
    kind: str
    is_service: str

    @property
    def tag_prefix(self) -> str:
        """What the key of each tag begins with."""
        return self.tag.removesuffix("*")

    @property
    def prefixes_of_one_user(self) -> tuple[str, ...]:
        """What the keys begin with that differ between the users of an account, in lower case."""
        return tuple(each.lower() for each in (self.arn, self.unique_id, self.name, self.tag_prefix))


@dataclass(frozen=True, slots=True)
class ConditionKeyTable:
    """The global condition keys, at the date of the list of services (`make data` compares both).

    names: of every key in lower case; a family ends in `/*`, `aws:principaltag/*`.
    organization_keys: those that only the calls of an organization's accounts carry.
    principal: those about the caller.
    calls: by the kind of caller.
    """

    names: frozenset[str]
    organization_keys: frozenset[str]
    principal: PrincipalKeys
    calls: Mapping[CallerKind, DirectCall]

    def is_unknown(self, key: str) -> bool:
        """Whether a key is a global one that is not in this table, and so may be newer. key: in lower case."""
        family = f"{key.partition('/')[0]}/*"
        return key.startswith("aws:") and key not in self.names and family not in self.names


def load_condition_keys() -> ConditionKeyTable:
    """Load the table, in about 1 ms. An inferred row makes its key known, and decides nothing."""
    rows = {row["key"].lower(): row for row in read_rows("condition_keys")}
    deciding = {name: row for name, row in rows.items() if not row.get("inferred")}
    return ConditionKeyTable(
        frozenset(rows),
        frozenset(name for name, row in deciding.items() if row.get("needs_organization")),
        PrincipalKeys(**{row["holds"]: row["key"] for row in rows.values() if "holds" in row}),
        {caller: _direct_call(caller, deciding) for caller in _CALLERS},
    )


def _direct_call(caller: CallerKind, rows: Mapping[str, Mapping[str, Any]]) -> DirectCall:
    fixed = {
        name: (row[caller], row["values"][caller]) for name, row in rows.items() if caller in row.get("values", ())
    }
    absent = frozenset(name for name, row in rows.items() if row[caller] == "never")
    return DirectCall(
        present=frozenset(name for name, row in rows.items() if row[caller] == "always"),
        values={name: (value,) for name, (presence, value) in fixed.items() if presence == "always"},
        possible={name: value for name, (presence, value) in fixed.items() if presence == "sometimes"},
        absent=absent,
        absent_families=tuple(sorted(name.removesuffix("*") for name in absent if name.endswith("/*"))),
    )
