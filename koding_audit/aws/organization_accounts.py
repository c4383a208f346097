"""Reads the accounts of an organization that a target selects, by unit and tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koding_audit.aws.call import MALFORMED, take_field
from koding_audit.aws.connection import Connection
from koding_audit.model.desired import Target
from koding_audit.model.errors import CallError

_MAX_UNIT_DEPTH = 5  # nested organizational units below the root (orgs_reference_limits)


def read_target_accounts(connection: Connection, target: Target) -> frozenset[str]:
    """Returns the ids of the active accounts that match a target.

    They are below the target's units (without units: anywhere in the organization), not excluded, and have its tags.
    Raises CallError if any call fails: the list is never partial.
    """
    if target.units:
        found = {each for unit in target.units for each in _accounts_below(connection, unit)}
    else:
        found = set(_active_accounts(connection.list_organizations("ListAccounts", "Accounts")))
    included = sorted(found - target.exclude)
    if not target.tags:
        return frozenset(included)
    call = "organizations:ListTagsForResource"
    reads = [(each, connection.submit(_read_account_tags, connection, each)) for each in included]
    return frozenset(each for each, tags in reads if set(target.tags) <= connection.result(tags, call))


def _accounts_below(connection: Connection, unit: str, depth: int = _MAX_UNIT_DEPTH) -> Iterator[str]:
    """Yields the active accounts of a unit or root and of every unit nested in it. Raises CallError."""
    call = "organizations:ListOrganizationalUnitsForParent"
    yield from _active_accounts(connection.list_organizations("ListAccountsForParent", "Accounts", ParentId=unit))
    units = connection.list_organizations("ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=unit)
    if units and not depth:
        raise CallError(call, MALFORMED, "the organizational units are nested deeper than AWS allows")
    for each in units:
        yield from _accounts_below(connection, take_field(each, "Id", str, call), depth - 1)


def _active_accounts(accounts: list[Any]) -> Iterator[str]:
    """Yields the ids of the active accounts; AWS suspends an account that is being closed, so it cannot be read.

    Newer replies have `State`, older ones `Status`.
    """
    call = "organizations:ListAccounts"
    for each in accounts:
        if take_field(each, "State" if "State" in each else "Status", str, call) == "ACTIVE":
            yield take_field(each, "Id", str, call)


def _read_account_tags(connection: Connection, account_id: str) -> set[tuple[str, str]]:
    call = "organizations:ListTagsForResource"
    tags = connection.list_organizations("ListTagsForResource", "Tags", ResourceId=account_id)
    return {(take_field(each, "Key", str, call), take_field(each, "Value", str, call)) for each in tags}
