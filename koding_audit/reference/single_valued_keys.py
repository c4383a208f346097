"""The condition keys of services that have at most one value in a request."""

from __future__ import annotations

from koding_audit.reference.tables import read_json


def load_single_valued_keys() -> frozenset[str]:
    """Load the keys that AWS's service authorization reference lists with a type that is not an array, in lower case.

    A key that is not among them may be newer than the data. Keep the value for further calls.
    """
    return frozenset(read_json("single_valued_keys")["keys"])
