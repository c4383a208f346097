"""What is asked of an account for a desired state and its rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from koding_audit.desired.targets import restrict_to_targets
from koding_audit.model.account import principal_key
from koding_audit.model.desired import DesiredUser, Target
from koding_audit.model.query import LIVE_CREDENTIAL_USERS, Fact, Query
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.read_plan import scan_query
from tests.scan.effective import EC2, GUIDE, rest
from tests.values import ACCOUNT, desired, group, ignore, key_limits, line, policy_set, statement, user, written


def test_the_documents_of_all_who_decide_are_asked_for_and_no_others() -> None:
    asked: Query = scan_query(GUIDE, ACCOUNT, load_rules())
    assert asked.effective == {principal_key("group", "Developers"), principal_key("user", "koding-user")}
    plain = desired(policy_set("stack-build", EC2), *rest(GUIDE))
    assert scan_query(plain, ACCOUNT, load_rules()).effective == frozenset()
    assert scan_query(GUIDE, ACCOUNT, load_rules(skip=["action-not-effective"])).effective == frozenset()


def test_all_inline_policies_of_whom_the_file_gives_inline_policies_are_asked_for_and_of_no_others() -> None:
    wanted = desired(user("u", inline={"x": written(statement())}), user("v"), group("g"))
    asked = scan_query(wanted, ACCOUNT, load_rules(only=["quota-exceeded"]))
    assert asked.inline_sizes == {principal_key("user", "u")}
    assert asked.inline == {principal_key("user", "u"): {"x"}}
    assert Fact.INLINE in asked.users["u"]
    assert scan_query(wanted, ACCOUNT, load_rules(skip=["quota-exceeded"])).inline_sizes == frozenset()


def limited(number: int) -> list[DesiredUser]:
    """So many users of whom keys or sign-in are limited, by one of them each."""
    limits: tuple[dict[str, Any], ...] = ({"console": "mfa"}, {"access_keys": key_limits(max_active=1)})
    return [user(f"user-{each}", **limits[each % 2]) for each in range(number)]


@pytest.mark.parametrize("rules", [[], ["console-unexpected"], ["root-used"], ["policy-missing"]])
def test_the_report_is_used_of_more_users_with_limits_than_are_read_live_for_any_choice_of_rules(
    rules: list[str],
) -> None:
    for number, uses_report in ((LIVE_CREDENTIAL_USERS, False), (LIVE_CREDENTIAL_USERS + 1, True)):
        others = [user(f"other-{each}", console="any") for each in range(300)]
        wanted = desired(*limited(number), *others)
        assert scan_query(wanted, ACCOUNT, load_rules(only=rules)).uses_report is uses_report


def test_users_that_are_ignored_or_of_another_account_are_not_counted() -> None:
    users = limited(LIVE_CREDENTIAL_USERS + 1)
    assert not scan_query(desired(*users, ignore=(ignore("user", "user-7"),)), ACCOUNT, load_rules()).uses_report
    elsewhere = replace(users[7], targets=("other",))
    targets = {name: Target(name, line(1), "audit", accounts=(ACCOUNT.id,)) for name in ("here", "other")}
    both = desired(*users[:7], elsewhere, *users[8:], targets=targets)
    assert not scan_query(restrict_to_targets(both, ["here"]), ACCOUNT, load_rules()).uses_report
    assert scan_query(restrict_to_targets(both, ["here", "other"]), ACCOUNT, load_rules()).uses_report
