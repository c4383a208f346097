"""Managed policies of a live account: which are looked up, and what a failure leaves unknown."""

from __future__ import annotations

from koding_audit.aws.connection import Connection
from koding_audit.aws.sources import live
from koding_audit.model.query import Fact, Query
from tests.aws.accounts import NARROW, WIDE, actions
from tests.servers.moto_account import MotoAccount
from tests.values import aws, own


def test_a_policy_that_all_of_its_holders_hold_is_not_looked_up(seeded: MotoAccount, line: Connection) -> None:
    policies = live.collect_snapshot(WIDE, line).policies
    assert {arn: policy and (policy.arn, policy.attachable) for arn, policy in policies.items()} == {
        aws("AmazonRoute53FullAccess"): (aws("AmazonRoute53FullAccess"), True),
        aws("NoSuchPolicy"): None,
        own("edge"): (own("edge"), True),
        own("gone"): None,
    }
    assert actions(seeded).count("GetPolicy") == 4


def test_a_policy_that_could_not_be_looked_up_is_not_said_to_be_absent(seeded: MotoAccount, line: Connection) -> None:
    seeded.fail("GetPolicy")
    assert live.collect_snapshot(NARROW, line).policies == {}


def test_policies_that_could_not_be_listed_are_not_said_to_be_all(seeded: MotoAccount, line: Connection) -> None:
    seeded.fail("ListPolicies")
    snapshot = live.collect_snapshot(Query(facts_of_all=frozenset({Fact.USER, Fact.GROUP, Fact.POLICY})), line)
    assert (snapshot.policies, snapshot.policies_listed) == ({}, False)
    assert [gap.fact for gap in snapshot.gaps] == [Fact.POLICY]
