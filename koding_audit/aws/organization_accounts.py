"""Reads the accounts of an organization that a target selects, by unit and tag, with their states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from koding_audit.aws.call import MALFORMED, take_field
from koding_audit.aws.connection import Connection
from koding_audit.model.desired import Target
from koding_audit.model.errors import CallError
from koding_audit.reference.account_states import load_account_states

_MAX_UNIT_DEPTH = 5  # nested organizational units below the root (orgs_reference_limits)


def read_target_accounts(connection: Connection, target: Target) -> dict[str, str]:
    """Returns the state of each account that matches a target, by account id.

    The accounts are below the target's units (without units: anywhere in the organization), not excluded, and have
    its tags. One that cannot be used is among them even if its tags cannot be read. Raises CallError if any other
    call fails: the list is never partial.
    """
    if target.units:
        found = {name: state for unit in target.units for name, state in _accounts_below(connection, unit)}
    else:
        found = dict(_account_states(connection.list_organizations("ListAccounts", "Accounts")))
    included = {each: found[each] for each in sorted(found.keys() - target.exclude)}
    if not target.tags:
        return included
    call, usable = "organizations:ListTagsForResource", load_account_states()
    reads = [(each, connection.submit(_read_account_tags, connection, each)) for each in included]

    def matches(account_id: str, tags: Future[set[tuple[str, str]]]) -> bool:
        try:
            return set(target.tags) <= connection.result(tags, call)
        except CallError:
            if usable.get(included[account_id], True):
                raise
            return True

    return {each: included[each] for each, tags in reads if matches(each, tags)}


def _accounts_below(connection: Connection, unit: str, depth: int = _MAX_UNIT_DEPTH) -> Iterator[tuple[str, str]]:
    """Yields the id and the state of each account of a unit or root and of every unit in it. Raises CallError."""
    call = "organizations:ListOrganizationalUnitsForParent"
    yield from _account_states(connection.list_organizations("ListAccountsForParent", "Accounts", ParentId=unit))
    units = connection.list_organizations("ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=unit)
    if units and not depth:
        raise CallError(call, MALFORMED, "the organizational units are nested deeper than AWS allows")
    for each in units:
        yield from _accounts_below(connection, take_field(each, "Id", str, call), depth - 1)


def _account_states(accounts: list[Any]) -> Iterator[tuple[str, str]]:
    """Yields the id and the state of each account. Newer replies have `State`, older ones `Status`."""
    call = "organizations:ListAccounts"
    for each in accounts:
        account_id = take_field(each, "Id", str, call)
        if not re.fullmatch(r"[0-9]{12}", account_id, re.ASCII):
            raise CallError(call, MALFORMED, "the reply has an account id that is not 12 digits")
        state = take_field(each, "State" if "State" in each else "Status", str, call)
        yield account_id, state or '""'  # no state that the data know


def _read_account_tags(connection: Connection, account_id: str) -> set[tuple[str, str]]:
    call = "organizations:ListTagsForResource"
    tags = connection.list_organizations("ListTagsForResource", "Tags", ResourceId=account_id)
    return {(take_field(each, "Key", str, call), take_field(each, "Value", str, call)) for each in tags}
