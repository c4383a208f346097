"""policy-name-taken: a policy that IAM would not create, because another one has its name."""

from __future__ import annotations

import pytest

from koding_audit.model.snapshot import Snapshot
from koding_audit.scan.rules import policy_document_missing, policy_missing, policy_name_taken, quota_exceeded
from tests.scan.rules.documents import only, with_policy
from tests.values import compare, desired, group, live_group, own, own_policy, policy_set, snapshot, statement


def account(*names: str, **more: object) -> Snapshot:
    """An account without customer:team/new, with these policies of its own."""
    arns = frozenset(own(name) for name in names)
    return snapshot(live_group(), policies={own("team/new"): None}, own_policies=arns, **more)


@pytest.mark.parametrize("other", ["new", "ops/new", "team/New", "NEW"])
def test_the_policy_that_has_the_name_is_named_and_nothing_is_created(other: str) -> None:
    comparison = with_policy(account("old", other))
    finding = only(policy_name_taken.check(comparison))
    assert (finding.subject, finding.policy_set, finding.fix) == (own("team/new"), "own", None)
    assert finding.message.endswith(f"cannot be created: customer:{other} has its name")
    assert finding.evidence == {"taken_by": own(other)}
    assert list(policy_document_missing.check(comparison)) == []


def test_the_attachment_of_a_policy_that_cannot_be_created_has_no_fix() -> None:
    (missing,) = policy_missing.check(with_policy(account("old", "ops/new")))
    assert (missing.key, missing.fix) == (own("team/new"), None)
    assert "fix policy-not-found, policy-name-taken or" in policy_missing.STEP
    (creatable,) = policy_missing.check(with_policy(account("old")))
    assert creatable.fix is not None


def test_a_name_that_is_free_or_only_a_part_of_another_is_not_taken() -> None:
    comparison = with_policy(account("newer", "new/old"))
    assert list(policy_name_taken.check(comparison)) == []
    assert only(policy_document_missing.check(comparison)).fix is not None


def test_names_that_were_not_read_are_not_taken() -> None:
    comparison = with_policy(snapshot(live_group(), policies={own("team/new"): None}))
    assert list(policy_name_taken.check(comparison)) == []
    assert only(policy_document_missing.check(comparison)).fix is not None


def test_a_policy_that_exists_or_that_only_an_optional_set_contains_is_not_created() -> None:
    wanted = desired(policy_set("own", own_policy("team/new", statement())), group(optional=["own"]))
    assert list(policy_name_taken.check(compare(wanted, account("new")))) == []


def test_of_two_declared_policies_with_one_name_only_the_first_is_created() -> None:
    two = policy_set("own", own_policy("team/new", statement()), own_policy("ops/New", statement()))
    live = snapshot(live_group(), policies={own("team/new"): None, own("ops/New"): None}, own_policies=frozenset())
    comparison = compare(desired(two, group(required=["own"])), live)
    assert only(policy_document_missing.check(comparison)).subject == own("team/new")
    assert only(policy_name_taken.check(comparison)).evidence == {"taken_by": own("team/new")}


def test_a_policy_that_cannot_be_created_counts_against_no_quota() -> None:
    full = {"Policies": 9, "PoliciesQuota": 9}
    assert list(quota_exceeded.check(with_policy(account("new", summary=full)))) == []
    assert len(list(quota_exceeded.check(with_policy(account("old", summary=full))))) == 1
