"""policy-not-found: policies that the desired state names and nobody can attach."""

from __future__ import annotations

import pytest

from koding_audit.model.account import Account
from koding_audit.scan.rules import policy_not_found
from tests.values import (
    aws,
    boundary,
    compare,
    desired,
    group,
    ignore,
    live_group,
    live_user,
    managed,
    own,
    policy_set,
    snapshot,
    user,
)

EC2, BILLING = aws("AmazonEC2FullAccess"), aws("Billing")


def named(arn: str, use: str = "required") -> object:
    return desired(policy_set("build", arn), group(**{use: ["build"]}))


@pytest.mark.parametrize("use", ["required", "optional"])
def test_a_policy_that_does_not_exist_is_an_error_about_the_policy(use: str) -> None:
    wanted = named(BILLING, use)
    [found] = policy_not_found.check(compare(wanted, snapshot(live_group(), policies={BILLING: None})))
    assert found.id == f"policy-not-found/{BILLING}"
    assert (found.severity, found.fix, found.policy_set) == ("error", None, "build")
    assert found.message == (
        "Billing, which set build names, does not exist in partition aws;"
        " one that has a path is written with it, as in job-function/Billing"
    )
    assert found.location == wanted.policy_sets["build"].policies[0].location


def test_a_name_that_has_its_path_gets_no_hint_about_paths() -> None:
    arn = aws("job-function/Biling")
    [found] = policy_not_found.check(compare(named(arn), snapshot(live_group(), policies={arn: None})))
    assert found.message == "job-function/Biling, which set build names, does not exist in partition aws"


def test_a_policy_of_the_accounts_own_that_does_not_exist_is_named_as_the_file_does() -> None:
    arn = own("team/edge")
    [found] = policy_not_found.check(compare(named(arn), snapshot(live_group(), policies={arn: None})))
    assert found.message == "customer:team/edge, which set build names, does not exist in account 123456789012"


@pytest.mark.parametrize("known", ["own_policies", "policies"])
def test_the_policy_that_has_the_name_under_another_path_is_named_where_it_is_known(known: str) -> None:
    arn, other = own("logs"), own("team/Logs")
    read = {"policies": {arn: None}, "own_policies": frozenset({other})}
    if known == "policies":
        read = {"policies": {arn: None, **managed(other)}}
    [found] = policy_not_found.check(compare(named(arn), snapshot(live_group(), **read)))
    told = "does not exist in account 123456789012; customer:team/Logs has its name"
    assert found.message == f"customer:logs, which set build names, {told}"
    [found] = policy_not_found.check(compare(desired(user(boundary=boundary(arn))), snapshot(live_user(), **read)))
    assert found.message == f"customer:logs, the boundary of user koding-user, {told}"
    assert "with its path" in policy_not_found.STEP


def test_it_is_told_once_however_many_use_it() -> None:
    wanted = desired(
        policy_set("one", BILLING),
        policy_set("two", BILLING),
        group("A", required=["one"]),
        group("B", optional=["two"]),
        user(required=["two"]),
    )
    live = snapshot(live_group("A"), live_group("B"), live_user(), policies={BILLING: None})
    assert len(list(policy_not_found.check(compare(wanted, live)))) == 1


def test_a_deprecated_policy_is_an_error_where_it_would_have_to_be_attached() -> None:
    live = snapshot(live_group(), policies=managed(EC2, attachable=False))
    [found] = policy_not_found.check(compare(named(EC2), live))
    assert found.message.endswith("is deprecated: AWS no longer allows it to be attached")


def test_a_deprecated_policy_is_fine_where_it_is_attached() -> None:
    live = snapshot(live_group(attached=[EC2]), policies=managed(EC2, attachable=False))
    assert not list(policy_not_found.check(compare(named(EC2), live)))


def test_a_policy_that_exists_or_was_not_looked_up_is_fine() -> None:
    assert not list(policy_not_found.check(compare(named(EC2), snapshot(live_group(), policies=managed(EC2)))))
    assert not list(policy_not_found.check(compare(named(EC2), snapshot(live_group()))))


def test_a_policy_that_is_not_in_a_full_list_does_not_exist() -> None:
    assert list(policy_not_found.check(compare(named(EC2), snapshot(live_group(), policies_listed=True))))


@pytest.mark.parametrize(
    ("arn", "why"),
    [
        (aws("AmazonEC2FullAccess", "aws-cn"), "is of partition aws-cn; this account is of partition aws"),
        (own("edge", Account("999999999999", "aws")), "is of account 999999999999; this is account 123456789012"),
        (aws("aws-service-role/AmazonEKSServiceRolePolicy"), "is for service-linked roles only"),
    ],
)
def test_an_arn_that_cannot_be_of_this_account_is_told_without_a_lookup(arn: str, why: str) -> None:
    [found] = policy_not_found.check(compare(named(arn), snapshot(live_group())))
    assert found.message.endswith(why)


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_a_full_arn_of_the_wrong_partition_is_told_in_another_partition(partition: str) -> None:
    account = Account("210987654321", partition)
    live = snapshot(live_group(account=account), account=account)
    [found] = policy_not_found.check(compare(named(EC2), live))
    assert found.message.endswith(f"is of partition aws; this account is of partition {partition}")
    assert not list(
        policy_not_found.check(compare(named("arn:${partition}:iam::aws:policy/AmazonEC2FullAccess"), live))
    )


def test_a_boundary_that_does_not_exist_is_an_error_at_the_boundarys_line() -> None:
    arn = own("edge")
    wanted = desired(user(boundary=boundary(arn)))
    [found] = policy_not_found.check(compare(wanted, snapshot(live_user(), policies={arn: None})))
    assert found.message == ("customer:edge, the boundary of user koding-user, does not exist in account 123456789012")
    assert (found.location, found.policy_set) == (wanted.users["koding-user"].boundary.policy.location, None)


def test_a_boundary_that_is_set_or_is_to_be_none_is_not_looked_for() -> None:
    arn = own("edge")
    there = snapshot(live_user(boundary=arn), policies=managed(arn, attachable=False))
    assert not list(policy_not_found.check(compare(desired(user(boundary=boundary(arn))), there)))
    assert not list(policy_not_found.check(compare(desired(user(boundary=boundary(None))), snapshot(live_user()))))


def test_a_policy_of_a_set_that_nobody_uses_or_only_the_ignored_use_is_not_looked_for() -> None:
    gone = {BILLING: None}
    unused = desired(policy_set("build", BILLING), group())
    assert not list(policy_not_found.check(compare(unused, snapshot(live_group(), policies=gone))))
    ignoring = desired(policy_set("build", BILLING), group(required=["build"]), ignore=(ignore("group", "*"),))
    assert not list(policy_not_found.check(compare(ignoring, snapshot(live_group(), policies=gone))))


def test_nothing_is_said_for_a_group_whose_attachments_were_not_read() -> None:
    live = snapshot(live_group(attached=None), policies=managed(EC2, attachable=False))
    assert not list(policy_not_found.check(compare(named(EC2), live)))


def test_a_policy_for_a_missing_group_is_looked_for() -> None:
    live = snapshot(absent=[("group", "Developers")], policies={BILLING: None})
    assert len(list(policy_not_found.check(compare(named(BILLING), live)))) == 1
