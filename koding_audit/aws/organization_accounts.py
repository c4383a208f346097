"""The accounts of an organization that a target names, by unit and tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koding_audit.aws.call import MALFORMED, take_field
from koding_audit.aws.connection import Connection
from koding_audit.model.desired import Target
from koding_audit.model.errors import CallError

_MAX_UNIT_DEPTH = 5  # units above each other, below the root (orgs_reference_limits)


def read_target_accounts(connection: Connection, target: Target) -> frozenset[str]:
    """The ids of the active accounts that are below a target's units, or in the whole organization where it names
    none, and that have its tags. Raises CallError: half a list is never returned.
    """
    if target.units:
        found = {each for unit in target.units for each in _accounts_below(connection, unit)}
    else:
        found = set(_active_accounts(connection.list_organizations("ListAccounts", "Accounts")))
    kept = sorted(found - target.exclude)
    if not target.tags:
        return frozenset(kept)
    call = "organizations:ListTagsForResource"
    asked = [(each, connection.submit(_read_account_tags, connection, each)) for each in kept]
    return frozenset(each for each, tags in asked if set(target.tags) <= connection.result(tags, call))


def _accounts_below(connection: Connection, unit: str, depth: int = _MAX_UNIT_DEPTH) -> Iterator[str]:
    """The accounts of a unit or root, and of every unit in it."""
    call = "organizations:ListOrganizationalUnitsForParent"
    yield from _active_accounts(connection.list_organizations("ListAccountsForParent", "Accounts", ParentId=unit))
    units = connection.list_organizations("ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=unit)
    if units and not depth:
        raise CallError(call, MALFORMED, "the units are nested deeper than AWS lets them be")
    for each in units:
        yield from _accounts_below(connection, take_field(each, "Id", str, call), depth - 1)


def _active_accounts(accounts: list[Any]) -> Iterator[str]:
    """AWS suspends an account that is being closed: nothing in it can be read. `State` comes after `Status`."""
    call = "organizations:ListAccounts"
    for each in accounts:
        if take_field(each, "State" if "State" in each else "Status", str, call) == "ACTIVE":
            yield take_field(each, "Id", str, call)


def _read_account_tags(connection: Connection, account_id: str) -> set[tuple[str, str]]:
    call = "organizations:ListTagsForResource"
    tags = connection.list_organizations("ListTagsForResource", "Tags", ResourceId=account_id)
    return {(take_field(each, "Key", str, call), take_field(each, "Value", str, call)) for each in tags}
