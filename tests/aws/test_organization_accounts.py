"""The accounts that a target names: those of its units, with its tags, without those it excludes."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, cast

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.organization_accounts import read_target_accounts
from koding_audit.model.desired import Target
from koding_audit.model.errors import CallError
from tests.values import line

UNITS = {"r-root": ["ou-a"], "ou-a": ["ou-b"], "ou-b": []}
ACCOUNTS = {"r-root": ["1"], "ou-a": ["2", "3"], "ou-b": ["4"]}
TAGS = {"2": {"audit": "yes"}, "4": {"audit": "yes", "team": "web"}}


class Organization:
    """Answers the lists of Organizations that are asked for; account 3 is suspended."""

    def __init__(self, units: dict[str, list[str]]) -> None:
        self.units = units

    def list_organizations(self, operation: str, items: str, **said: str) -> list[Any]:
        if operation == "ListTagsForResource":
            return [{"Key": key, "Value": value} for key, value in TAGS.get(said["ResourceId"], {}).items()]
        if items == "OrganizationalUnits":
            return [{"Id": each} for each in self.units[said["ParentId"]]]
        those = ACCOUNTS.get(said["ParentId"], []) if said else [each for of in ACCOUNTS.values() for each in of]
        return [{"Id": each, "Status": "SUSPENDED" if each == "3" else "ACTIVE"} for each in those]

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future

    def result(self, future: Future[Any], call: str) -> Any:
        assert call == "organizations:ListTagsForResource"
        return future.result()


def accounts(tree: dict[str, list[str]] = UNITS, **said: Any) -> frozenset[str]:
    target = Target("prod", line(3), role="audit", **said)
    return read_target_accounts(cast("Connection", Organization(tree)), target)


def test_without_units_it_is_every_active_account() -> None:
    assert accounts() == {"1", "2", "4"}


def test_a_unit_is_its_accounts_and_those_of_the_units_below_it() -> None:
    assert accounts(units=("ou-a",)) == {"2", "4"}


def test_an_excluded_account_is_left_out() -> None:
    assert accounts(exclude=frozenset({"4"})) == {"1", "2"}


def test_every_tag_of_the_target_is_needed() -> None:
    assert accounts(tags=(("audit", "yes"),)) == {"2", "4"}
    assert accounts(tags=(("audit", "yes"), ("team", "web"))) == {"4"}


def test_units_that_never_end_are_an_error() -> None:
    with pytest.raises(CallError, match="deeper"):
        accounts({"ou-a": ["ou-a"]}, units=("ou-a",))
