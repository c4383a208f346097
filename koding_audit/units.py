"""Typed reads of Organizations: the accounts below its units, and those that are tagged in a certain way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koding_audit.aws import MALFORMED, Connection, take
from koding_audit.errors import CallError
from koding_audit.model import Target

_DEEPEST = 5  # units above each other, below the root (orgs_reference_limits)


def accounts_of(connection: Connection, target: Target) -> frozenset[str]:
    """The ids of the active accounts that are below a target's units, or in the whole organization where it names
    none, and that have its tags. Raises CallError: half a list is never returned.
    """
    if target.units:
        found = {each for unit in target.units for each in _below(connection, unit)}
    else:
        found = set(_active(connection.organization_pages("ListAccounts", "Accounts")))
    kept = sorted(found - target.exclude)
    if not target.tags:
        return frozenset(kept)
    call = "organizations:ListTagsForResource"
    asked = [(each, connection.submit(_tags, connection, each)) for each in kept]
    return frozenset(each for each, tags in asked if set(target.tags) <= connection.result(tags, call))


def _below(connection: Connection, unit: str, depth: int = _DEEPEST) -> Iterator[str]:
    """The accounts of a unit or root, and of every unit in it."""
    call = "organizations:ListOrganizationalUnitsForParent"
    yield from _active(connection.organization_pages("ListAccountsForParent", "Accounts", ParentId=unit))
    units = connection.organization_pages("ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=unit)
    if units and not depth:
        raise CallError(call, MALFORMED, "the units are nested deeper than AWS lets them be")
    for each in units:
        yield from _below(connection, take(each, "Id", str, call), depth - 1)


def _active(accounts: list[Any]) -> Iterator[str]:
    """AWS suspends an account that is being closed: nothing in it can be read. `State` comes after `Status`."""
    call = "organizations:ListAccounts"
    for each in accounts:
        if take(each, "State" if "State" in each else "Status", str, call) == "ACTIVE":
            yield take(each, "Id", str, call)


def _tags(connection: Connection, account_id: str) -> set[tuple[str, str]]:
    call = "organizations:ListTagsForResource"
    tags = connection.organization_pages("ListTagsForResource", "Tags", ResourceId=account_id)
    return {(take(each, "Key", str, call), take(each, "Value", str, call)) for each in tags}
