"""What is asked of an account for a desired state and its rules."""

from __future__ import annotations

from koding_audit.model.account import principal_key
from koding_audit.model.query import Query
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.read_plan import scan_query
from tests.scan.effective import EC2, GUIDE, rest
from tests.values import ACCOUNT, desired, policy_set


def test_the_documents_of_all_who_decide_are_asked_for_and_no_others() -> None:
    asked: Query = scan_query(GUIDE, ACCOUNT, load_rules())
    assert asked.effective == {principal_key("group", "Developers"), principal_key("user", "koding-user")}
    plain = desired(policy_set("stack-build", EC2), *rest(GUIDE))
    assert scan_query(plain, ACCOUNT, load_rules()).effective == frozenset()
    assert scan_query(GUIDE, ACCOUNT, load_rules(skip=["action-not-effective"])).effective == frozenset()
