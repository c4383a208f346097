"""Which accounts a run looks at, and what of a desired state holds in each."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.desired.targets import (
    ConflictingRolesError,
    TargetAccount,
    restrict_to_targets,
    shard_accounts,
    target_accounts,
)
from koding_audit.model.desired import Desired, Target
from koding_audit.model.location import Location
from tests.desired.files import loaded

WHERE = Location("a.yaml", 1, 1)
FILE = """version: 1
targets:
  live: {accounts: ["111111111111"], role: audit}
  test: {accounts: ["222222222222"], role: audit}
groups:
  All: {members: [ada]}
  Live: {members: [ada, bob], targets: [live]}
  Both: {members: [eve], targets: [live, test]}
users:
  dan: {groups: [All, Live]}
  joe: {targets: [test]}
roles:
  deploy: {targets: [live]}
waivers:
  - {rule: policy-unexpected, targets: [test], reason: it goes, owner: web, expires: "2999-12-31"}
"""


@pytest.fixture
def desired(tmp_path: Path) -> Desired:
    return loaded(tmp_path, FILE)


def target(name: str, role: str = "audit", *exclude: str) -> Target:
    return Target(name, WHERE, role, exclude=frozenset(exclude))


def account(account_id: str, *targets: str) -> TargetAccount:
    return TargetAccount(account_id, "audit", "", frozenset(targets))


def test_what_names_no_target_holds_everywhere_and_what_names_some_holds_there(desired: Desired) -> None:
    live, test = restrict_to_targets(desired, {"live"}), restrict_to_targets(desired, {"test"})
    assert (list(live.groups), list(test.groups)) == (["All", "Live", "Both"], ["All", "Both"])
    assert (list(live.roles), list(test.roles)) == (["deploy"], [])
    assert (len(live.waivers), len(test.waivers)) == (0, 1)


def test_who_is_only_a_member_is_declared_where_one_of_the_groups_holds(desired: Desired) -> None:
    assert sorted(restrict_to_targets(desired, {"live"}).users) == ["ada", "bob", "dan", "eve"]
    assert sorted(restrict_to_targets(desired, {"test"}).users) == ["ada", "dan", "eve", "joe"]


def test_a_membership_of_a_group_that_does_not_hold_there_is_not_asked_for(desired: Desired) -> None:
    users = restrict_to_targets(desired, {"test"}).users
    assert [[group.name for group in users[name].groups] for name in ("ada", "dan")] == [["All"], ["All"]]


def test_in_an_account_of_several_targets_all_of_them_hold(desired: Desired) -> None:
    assert restrict_to_targets(desired, {"live", "test"}).groups == desired.groups


def test_a_file_without_targets_holds_as_it_is(tmp_path: Path) -> None:
    plain = loaded(tmp_path, "version: 1\ngroups: {A: {members: [ada]}}\n")
    assert restrict_to_targets(plain, ()) is plain


def test_an_account_of_two_targets_is_reached_once_and_an_excluded_one_not_by_that_target() -> None:
    found = target_accounts([target("a", "audit", "3"), target("b")], {"a": ["2", "1", "3"], "b": ["2", "3"]})
    assert found == (account("1", "a"), account("2", "a", "b"), account("3", "b"))


def test_an_account_that_two_targets_reach_by_different_roles_is_an_error_that_names_both() -> None:
    with pytest.raises(ConflictingRolesError) as raised:
        target_accounts([target("a"), target("b", "other")], {"a": ["1"], "b": ["1"]})
    assert (raised.value.account_id, raised.value.one, raised.value.other) == ("1", "a", "b")


@given(st.integers(0, 40), st.integers(1, 12))
def test_all_shards_together_are_all_accounts_each_once_and_none_is_more_than_one_longer(of: int, count: int) -> None:
    accounts = [account(f"{number:012}", "a") for number in range(of)]
    shards = [shard_accounts(accounts, number, count) for number in range(1, count + 1)]
    assert sorted((each for part in shards for each in part), key=lambda each: each.account_id) == accounts
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
