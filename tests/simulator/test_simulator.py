"""The simulator is IAM as far as the tool goes: it answers as moto does, and has what moto lacks."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from koding_audit.aws.connection import connect
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import live
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Snapshot
from tests.servers.moto_account import MotoAccount
from tests.simulator.account import ALLOW_ALL, AWS, CALLER, Account
from tests.simulator.faults import FAULTS
from tests.simulator.server import Simulator, serving

USERS = frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS})
GROUPS = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})
QUERY = Query(
    users={"ada": USERS, "nobody": USERS},
    groups={"Ops": GROUPS},
    account=frozenset({Fact.SUMMARY}),
    policies={f"{AWS}ReadOnlyAccess": frozenset(), f"{AWS}NoSuchPolicy": frozenset({("user", "ada")})},
)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with serving(Account()) as server:
        yield server


@pytest.fixture
def iam(simulator: Simulator) -> Any:
    """An unmodified boto3 client."""
    config = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "example"}
    return boto3.client("iam", endpoint_url=simulator.url, region_name="us-east-1", config=config, **keys)


def seed(iam: Any) -> None:
    iam.create_group(GroupName="Ops", Path="/team/")
    iam.create_user(UserName="ada")
    iam.add_user_to_group(GroupName="Ops", UserName="ada")
    iam.attach_group_policy(GroupName="Ops", PolicyArn=f"{AWS}ReadOnlyAccess")
    iam.put_user_policy(UserName="ada", PolicyName="own", PolicyDocument=ALLOW_ALL)


def collected(url: str) -> Snapshot:
    with connect(Settings(endpoint_url=url, timeout=60)) as connection:
        return live.collect_snapshot(QUERY, connection)


def facts(snapshot: Snapshot) -> list[tuple[Any, ...]]:
    """What a snapshot says, without ids and times, which differ from account to account."""
    return [
        (each.kind, each.name, each.arn, each.path, each.attached, each.inline, each.groups)
        for each in snapshot.principals.values()
    ]


def is_there(iam: Any) -> bool:
    try:
        iam.get_group(GroupName="Ops")
    except ClientError:
        return False
    return True


def refused(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.slow
def test_an_account_is_the_same_here_and_in_moto(
    simulator: Simulator, iam: Any, account: MotoAccount, aws_environment: pytest.MonkeyPatch
) -> None:
    simulator.account.add_policy(f"{AWS}ReadOnlyAccess")
    seed(iam)
    seed(account.iam)
    here, there = collected(simulator.url), collected(account.url)
    assert facts(here) == facts(there)
    assert (here.absent, here.gaps) == (there.absent, there.gaps)
    assert set(here.policies) == set(there.policies)
    assert here.summary is not None
    assert there.summary is not None
    assert {name: there.summary.get(name) for name in ("Users", "Groups")} == {"Users": 1, "Groups": 1}
    assert (here.summary["Users"], here.summary["Groups"]) == (1, 1)


def test_names_are_unique_ignoring_case_and_ids_change_when_something_is_made_again(iam: Any) -> None:
    first = iam.create_user(UserName="Ada")["User"]["UserId"]
    assert refused(iam.create_user, UserName="ada") == "EntityAlreadyExists"
    iam.delete_user(UserName="Ada")
    assert iam.create_user(UserName="ada")["User"]["UserId"] != first


def test_a_list_comes_in_pages_of_any_size(simulator: Simulator, iam: Any) -> None:
    simulator.account.page = 2
    group = simulator.account.add("Group", "Ops", attached=[f"{AWS}P{number}" for number in range(5)])
    pages = list(iam.get_paginator("list_attached_group_policies").paginate(GroupName="Ops"))
    assert [len(page["AttachedPolicies"]) for page in pages] == [2, 2, 1]
    assert {each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]} == group.attached


def test_quotas_deprecated_policies_and_what_is_not_there_are_refused(simulator: Simulator, iam: Any) -> None:
    simulator.account.add_policy(f"{AWS}Old", attachable=False)
    simulator.account.add_policy(f"{AWS}New")
    simulator.account.add("Group", "Ops", attached=[f"{AWS}P{number}" for number in range(10)])
    assert refused(iam.attach_group_policy, GroupName="Ops", PolicyArn=f"{AWS}New") == "LimitExceeded"
    assert refused(iam.attach_group_policy, GroupName="Ops", PolicyArn=f"{AWS}Old") == "PolicyNotAttachable"
    assert refused(iam.attach_group_policy, GroupName="Ops", PolicyArn=f"{AWS}None") == "NoSuchEntity"
    assert refused(iam.get_group, GroupName="Other") == "NoSuchEntity"


def test_five_versions_are_all_there_can_be(simulator: Simulator, iam: Any) -> None:
    arn = iam.create_policy(PolicyName="own", PolicyDocument=ALLOW_ALL)["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW_ALL, SetAsDefault=True)
    assert refused(iam.create_policy_version, PolicyArn=arn, PolicyDocument=ALLOW_ALL) == "LimitExceeded"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v5"
    assert refused(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"
    assert simulator.account.state.policies[arn].default == "v5"


def test_reads_lag_behind_writes_and_flap(simulator: Simulator, iam: Any) -> None:
    account = simulator.account
    account.lag = 60.0
    iam.create_group(GroupName="Ops")
    assert refused(iam.get_group, GroupName="Ops") == "NoSuchEntity"
    account.flapping = True
    assert {is_there(iam), is_there(iam)} == {True, False}
    account.flapping = False
    account.now += 61
    assert iam.get_group(GroupName="Ops")["Group"]["GroupName"] == "Ops"


def test_the_credential_report_has_a_life_and_a_row_of_root(simulator: Simulator, iam: Any) -> None:
    assert refused(iam.get_credential_report) == "ReportNotPresent"
    simulator.account.polls = 1
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert refused(iam.get_credential_report) == "ReportInProgress"
    assert iam.get_credential_report()["Content"].splitlines()[1].startswith(b"<root_account>,")


def test_the_callers_own_permissions_decide_by_resource_and_condition(simulator: Simulator, iam: Any) -> None:
    simulator.account.permissions = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "iam:AttachGroupPolicy",
                "Resource": "arn:aws:iam::123456789012:group/Ops",
                "Condition": {"ArnEquals": {"iam:PolicyARN": f"{AWS}ReadOnlyAccess"}},
            },
        }
    )
    for name in ("Ops", "Others"):
        simulator.account.add("Group", name)
    for name in ("ReadOnlyAccess", "AdministratorAccess"):
        simulator.account.add_policy(AWS + name)
    iam.attach_group_policy(GroupName="Ops", PolicyArn=f"{AWS}ReadOnlyAccess")
    assert refused(iam.attach_group_policy, GroupName="Ops", PolicyArn=f"{AWS}AdministratorAccess") == "AccessDenied"
    assert refused(iam.attach_group_policy, GroupName="Others", PolicyArn=f"{AWS}ReadOnlyAccess") == "AccessDenied"
    assert refused(iam.get_group, GroupName="Ops") == "AccessDenied"


def test_a_fault_befalls_the_call_that_is_named_and_no_other(simulator: Simulator, iam: Any) -> None:
    simulator.account.add("Group", "Ops")
    simulator.account.add("Group", "Others")
    simulator.faults["GetGroup GroupName=Ops", 2] = FAULTS["AccessDenied 403"]
    assert iam.get_group(GroupName="Ops")
    assert iam.get_group(GroupName="Others")
    assert refused(iam.get_group, GroupName="Ops") == "AccessDenied"
    assert iam.get_group(GroupName="Ops")
    simulator.times = 0
    assert refused(iam.get_group, GroupName="Ops") == "AccessDenied"


def test_whether_a_spoiled_write_took_effect_is_the_faults_to_say(simulator: Simulator, iam: Any) -> None:
    for name in ("closed before", "closed after", "never applied"):
        simulator.forget()
        simulator.account = Account()
        simulator.faults["CreateGroup GroupName=Ops", 1] = FAULTS[name]
        with contextlib.suppress(Exception):  # whatever a client makes of it
            iam.create_group(GroupName="Ops")
        made = ("Group", "ops") in simulator.account.state.entities
        assert made is FAULTS[name].applies is bool(simulator.writes)


def test_the_caller_is_who_the_account_says(simulator: Simulator, aws_environment: pytest.MonkeyPatch) -> None:
    with connect(Settings(endpoint_url=simulator.url, timeout=60)) as connection:
        _, caller = connection.identity()
    assert caller is not None
    assert caller.arn == CALLER
