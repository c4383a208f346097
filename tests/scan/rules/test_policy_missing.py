"""policy-missing: what a required set names and nobody attached."""

from __future__ import annotations

import pytest

from koding_audit.model.account import Account
from koding_audit.model.finding import Action, Finding
from koding_audit.model.verb import Verb
from koding_audit.scan.rules import policy_missing
from tests.values import (
    ACCOUNT,
    aws,
    boundary,
    compare,
    desired,
    group,
    ignore,
    live_group,
    live_role,
    live_user,
    managed,
    own,
    policy_set,
    role,
    snapshot,
    user,
)

EC2, READ = aws("AmazonEC2FullAccess"), aws("IAMReadOnlyAccess")
BUILD = policy_set("stack-build", EC2, READ)


def test_each_required_policy_that_is_not_attached_is_one_finding_with_its_fix() -> None:
    wanted = desired(BUILD, group(required=["stack-build"]))
    assert list(policy_missing.check(compare(wanted, snapshot(live_group(attached=[EC2]))))) == [
        Finding(
            rule="policy-missing",
            severity="error",
            subject="arn:aws:iam::123456789012:group/Developers",
            key=READ,
            message="group Developers lacks IAMReadOnlyAccess, which set stack-build requires",
            location=BUILD.policies[1].location,
            policy_set="stack-build",
            fix=Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": READ}),
        )
    ]


def test_a_users_own_policy_is_attached_to_the_user() -> None:
    wanted = desired(BUILD, user(required=["stack-build"]))
    [found] = policy_missing.check(compare(wanted, snapshot(live_user(attached=[EC2]))))
    assert found.fix == Action(Verb.ATTACH_USER_POLICY, {"UserName": "koding-user", "PolicyArn": READ})


def test_nothing_is_missing_where_all_is_attached_and_more_besides() -> None:
    wanted = desired(BUILD, group(required=["stack-build"]))
    live = snapshot(live_group(attached=[EC2, READ, aws("AmazonS3ReadOnlyAccess")]))
    assert not list(policy_missing.check(compare(wanted, live)))


def test_an_optional_set_is_not_required() -> None:
    wanted = desired(BUILD, group(optional=["stack-build"]))
    assert not list(policy_missing.check(compare(wanted, snapshot(live_group()))))


def test_a_policy_of_two_required_sets_is_told_once_with_the_first() -> None:
    wanted = desired(policy_set("one", EC2), policy_set("two", EC2), group(required=["one", "two"]))
    [found] = policy_missing.check(compare(wanted, snapshot(live_group())))
    assert found.policy_set == "one"


def test_a_customer_policy_of_the_same_name_is_another_policy() -> None:
    wanted = desired(policy_set("build", EC2), group(required=["build"]))
    [found] = policy_missing.check(compare(wanted, snapshot(live_group(attached=[own("AmazonEC2FullAccess")]))))
    assert found.key == EC2


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_a_policy_is_looked_for_in_the_accounts_own_partition(partition: str) -> None:
    account = Account("210987654321", partition)
    wanted = desired(
        policy_set("build", "arn:${partition}:iam::aws:policy/AmazonEC2FullAccess"), group(required=["build"])
    )
    bare = snapshot(live_group(account=account), account=account)
    [found] = policy_missing.check(compare(wanted, bare))
    assert found.key == f"arn:{partition}:iam::aws:policy/AmazonEC2FullAccess"
    assert found.subject == f"arn:{partition}:iam::210987654321:group/Developers"
    attached = live_group(attached=[aws("AmazonEC2FullAccess", partition)], account=account)
    assert not list(policy_missing.check(compare(wanted, snapshot(attached, account=account))))


def test_a_missing_group_has_its_policies_reported_with_a_fix_each() -> None:
    wanted = desired(BUILD, group(path="/team/", required=["stack-build"]))
    found = list(policy_missing.check(compare(wanted, snapshot(absent=[("group", "Developers")]))))
    assert [each.key for each in found] == [EC2, READ]
    assert all(each.fix is not None for each in found)
    assert found[0].subject == ACCOUNT.arn("group", "Developers", "/team/")


def test_nothing_is_said_of_a_principal_or_of_attachments_that_were_not_read() -> None:
    wanted = desired(BUILD, group(required=["stack-build"]))
    assert not list(policy_missing.check(compare(wanted, snapshot())))
    assert not list(policy_missing.check(compare(wanted, snapshot(live_group(attached=None)))))


def test_nothing_is_said_of_an_ignored_principal() -> None:
    wanted = desired(BUILD, group(required=["stack-build"]), ignore=(ignore("group", "Dev*"),))
    assert not list(policy_missing.check(compare(wanted, snapshot(live_group()))))


def test_a_name_that_is_taken_in_another_case_has_no_fix() -> None:
    wanted = desired(BUILD, group("developers", required=["stack-build"]))
    found = list(policy_missing.check(compare(wanted, snapshot(live_group("Developers", attached=[EC2, READ])))))
    assert [(each.key, each.fix) for each in found] == [(EC2, None), (READ, None)]


@pytest.mark.parametrize("policies", [{READ: None}, managed(READ, attachable=False)], ids=["absent", "deprecated"])
def test_a_policy_that_cannot_be_attached_has_no_fix(policies: dict) -> None:
    wanted = desired(BUILD, group(required=["stack-build"]))
    found = list(policy_missing.check(compare(wanted, snapshot(live_group(), policies=policies | managed(EC2)))))
    assert [(each.key, each.fix is not None) for each in found] == [(EC2, True), (READ, False)]


def test_a_missing_user_that_needs_a_boundary_cannot_be_made_so_nothing_is_attached_to_it() -> None:
    wanted = desired(BUILD, user(required=["stack-build"], boundary=boundary(own("edge"))))
    found = list(policy_missing.check(compare(wanted, snapshot(absent=[("user", "koding-user")]))))
    assert [each.fix for each in found] == [None, None]


@pytest.mark.parametrize("path", ["/aws-service-role/ecs.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"])
def test_what_a_role_of_aws_lacks_is_told_and_never_fixed(path: str) -> None:
    wanted = desired(policy_set("read", READ), role(required=["read"]))
    (finding,) = policy_missing.check(compare(wanted, snapshot(live_role(path=path), policies=managed(READ))))
    assert finding.fix is None
