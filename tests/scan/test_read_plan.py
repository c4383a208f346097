"""What is asked of an account for a desired state and its rules."""

from __future__ import annotations

from koding_audit.model.account import principal_key
from koding_audit.model.query import Fact, Query
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.read_plan import scan_query
from tests.scan.effective import EC2, GUIDE, rest
from tests.values import ACCOUNT, desired, group, policy_set, statement, user, written


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
