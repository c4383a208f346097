"""The states of an account in AWS Organizations, and whether an account in each of them can be used."""

from __future__ import annotations

from collections.abc import Mapping

from koding_audit.reference.tables import read_rows


def load_account_states() -> Mapping[str, bool]:
    """Load whether an account can be used, by its state. A state that is not here is not known."""
    return {row["state"]: row["usable"] for row in read_rows("account_states")}
