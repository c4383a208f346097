"""Which global condition keys every request has, and which of them depend on each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from koding_audit.model.frozen import dataclass
from koding_audit.reference.condition_keys import CallerKind, load_condition_keys
from koding_audit.reference.tables import read_rows

_CALLERS_OF_ACCOUNTS: tuple[CallerKind, ...] = ("user", "session", "federated", "root")
_OTHER_CALLERS: tuple[CallerKind, ...] = ("service", "anonymous")


@dataclass(frozen=True, slots=True)
class KeyRelations:
    """How the presence and the values of condition keys depend on each other. Keys are in lower case.

    always_present: the keys that every request has.
    families: by key, the groups of keys in which one may decide the presence or the value of another.
    determined: by key, the keys of its family whose values its value decides; each key of a family for which that is
        documented has an entry.
    example_values: the values of some keys in one request of a user.
    """

    always_present: frozenset[str]
    families: Mapping[str, frozenset[str]]
    determined: Mapping[str, frozenset[str]]
    example_values: Mapping[str, str]


NO_RELATIONS = KeyRelations(frozenset(), {}, {}, {})


def load_key_relations(*, has_principals: bool) -> KeyRelations:
    """Load the relations, in a few ms. Keep the value for further calls.

    has_principals: whether the policies name principals, and so may apply to services and anonymous callers as well.
    """
    rows = read_rows("key_families")
    families: dict[str, set[str]] = defaultdict(set)
    determined: dict[str, frozenset[str]] = {}
    for row in rows:
        for key in map(str.lower, row["keys"]):
            families[key].add(row["family"])
        if "determines" in row:
            determined |= {key.lower(): frozenset() for key in row["keys"]}
            determined |= {key.lower(): frozenset(map(str.lower, keys)) for key, keys in row["determines"].items()}
    calls = load_condition_keys().calls
    callers = (*_CALLERS_OF_ACCOUNTS, *(_OTHER_CALLERS if has_principals else ()))
    return KeyRelations(
        always_present=frozenset.intersection(*(calls[each].present for each in callers)),
        families={key: frozenset(names) for key, names in families.items()},
        determined=determined,
        example_values={row["key"].lower(): row["value"] for row in read_rows("example_values")},
    )
