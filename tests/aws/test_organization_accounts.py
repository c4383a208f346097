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

ONE, TWO, THREE, FOUR = (f"11111111111{number}" for number in range(1, 5))
UNITS = {"r-root": ["ou-a"], "ou-a": ["ou-b"], "ou-b": []}
ACCOUNTS = {"r-root": [ONE], "ou-a": [TWO, THREE], "ou-b": [FOUR]}
TAGS = {TWO: {"audit": "yes"}, FOUR: {"audit": "yes", "team": "web"}}


class Organization:
    """Answers the lists of Organizations that are asked for; account THREE is suspended, and has no tags to be read."""

    def __init__(self, units: dict[str, list[str]]) -> None:
        self.units = units

    def list_organizations(self, operation: str, items: str, **said: str) -> list[Any]:
        if operation == "ListTagsForResource":
            if said["ResourceId"] == THREE:
                raise CallError("organizations:ListTagsForResource", "TargetNotFoundException", "")
            return [{"Key": key, "Value": value} for key, value in TAGS.get(said["ResourceId"], {}).items()]
        if items == "OrganizationalUnits":
            return [{"Id": each} for each in self.units[said["ParentId"]]]
        those = ACCOUNTS.get(said["ParentId"], []) if said else [each for of in ACCOUNTS.values() for each in of]
        return [{"Id": each, "Status": "SUSPENDED" if each == THREE else "ACTIVE"} for each in those]

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except CallError as error:
            future.set_exception(error)
        return future

    def result(self, future: Future[Any], call: str) -> Any:
        assert call == "organizations:ListTagsForResource"
        return future.result()


def accounts(tree: dict[str, list[str]] = UNITS, **said: Any) -> dict[str, str]:
    target = Target("prod", line(3), role="audit", **said)
    return read_target_accounts(cast("Connection", Organization(tree)), target)


def active(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "ACTIVE")


def test_without_units_it_is_every_account_with_its_state() -> None:
    assert accounts() == {**active(ONE, TWO, FOUR), THREE: "SUSPENDED"}


def test_a_unit_is_its_accounts_and_those_of_the_units_below_it() -> None:
    assert accounts(units=("ou-a",)) == {**active(TWO, FOUR), THREE: "SUSPENDED"}


def test_an_excluded_account_is_left_out() -> None:
    assert accounts(exclude=frozenset({FOUR, THREE})) == active(ONE, TWO)


def test_every_tag_of_the_target_is_needed_but_of_an_account_that_cannot_be_used() -> None:
    assert accounts(tags=(("audit", "yes"),)) == {**active(TWO, FOUR), THREE: "SUSPENDED"}
    assert accounts(tags=(("audit", "yes"), ("team", "web"))) == {**active(FOUR), THREE: "SUSPENDED"}


def test_units_that_never_end_are_an_error() -> None:
    with pytest.raises(CallError, match="deeper"):
        accounts({"ou-a": ["ou-a"]}, units=("ou-a",))


@pytest.mark.parametrize("account", ["1", "1111111111111", "11111111111x", "\u0661" * 12])
def test_an_account_whose_id_is_not_12_digits_is_an_error(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACCOUNTS, "r-root", [account])
    with pytest.raises(CallError, match="not 12 digits"):
        accounts()
