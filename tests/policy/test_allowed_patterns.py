"""On which patterns an action is allowed that is not allowed on `*`: only on those that all layers together allow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koding_audit.model.desired import RequiredAction
from koding_audit.model.frozen import replace
from koding_audit.model.location import Location
from koding_audit.model.snapshot import Organization, OrganizationPolicy, Snapshot
from koding_audit.policy.allowed_patterns import AllowedPatterns, find_allowed_patterns, find_partly_allowed
from koding_audit.policy.permissions import Permissions
from koding_audit.reference.actions import ActionList, load_actions
from tests.values import live_user, snapshot

LOGS = "arn:aws:s3:::logs/*"


@pytest.fixture(scope="module")
def known() -> ActionList:
    return load_actions()


def allow(resource: Any, action: Any = "s3:*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(resource: Any, **more: Any) -> dict[str, Any]:
    return {**allow(resource), "Effect": "Deny", **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def found(
    known: ActionList, *statements: dict[str, Any], action: str = "s3:GetObject", scp: str = "", boundary: str = ""
) -> AllowedPatterns:
    user = replace(live_user(inline=["own"]), boundary="arn:aws:iam::123456789012:policy/edge" if boundary else "")
    seen: Snapshot = replace(
        snapshot(user),
        documents={f"user/{user.name}/own": document(*statements), user.boundary: boundary},
        organization=Organization(scps=((OrganizationPolicy("scp", scp),),) if scp else ()),
    )
    required = RequiredAction(action, Location("", 1, 1))
    return find_allowed_patterns(Permissions(seen), user, [required], known)[action]


def test_each_pattern_that_allows_is_named_once_with_its_variables_filled(known: ActionList) -> None:
    home = allow(["arn:aws:s3:::home/${aws:username}/*", LOGS])
    complete = found(known, home, allow(LOGS)).complete
    assert sorted(complete) == ["arn:aws:s3:::home/koding-user/*", LOGS]


def test_a_pattern_of_another_resource_type_is_not_named(known: ActionList) -> None:
    own = allow(["arn:aws:s3:::logs", LOGS, "arn:aws:s3:::*", "arn:aws:sqs"], ["s3:*", "sqs:*"])
    assert found(known, own).complete == ("arn:aws:s3:::*", LOGS)
    assert found(known, own, action="s3:ListBucket").complete == ("arn:aws:s3:::*", "arn:aws:s3:::logs")
    assert found(known, own, action="sqs:SendMessage").complete == ("arn:aws:sqs:*:*:*",)
    assert found(known, own, action="sqs:ListQueues") == AllowedPatterns()


def test_a_pattern_fits_where_one_of_its_resources_can_have_the_actions_type(known: ActionList) -> None:
    own = allow(["arn:aws:dynamodb:*:*:table/prod-*", "arn:*:dynamodb:eu-west-?:*:table/a"], "dynamodb:*")
    both = found(known, own, action="dynamodb:Query")
    assert set(both.complete) == {"arn:aws:dynamodb:*:*:table/prod-*", "arn:*:dynamodb:eu-west-?:*:table/a"}


def test_every_pattern_can_fit_an_action_of_which_only_the_name_is_known(known: ActionList) -> None:
    pattern = "arn:aws:aoss:*:*:collection/c"
    own = allow(pattern, "aoss:*")
    assert found(known, own, action="aoss:CreateIngestionJob").complete == (pattern,)


def test_a_deny_on_the_whole_pattern_or_on_everything_leaves_nothing(known: ActionList) -> None:
    assert found(known, allow(LOGS), deny("arn:aws:s3:::logs/*")) == AllowedPatterns()
    assert found(known, allow(LOGS), deny("arn:aws:s3:::l*")) == AllowedPatterns()
    assert found(known, allow(LOGS), deny("*")) == AllowedPatterns()


def test_a_deny_on_a_part_of_the_pattern_makes_it_partly_allowed(known: ActionList) -> None:
    for part in ("arn:aws:s3:::logs/secret/*", "arn:aws:s3:::*/secret", "arn:aws:s3:::log?/a"):
        assert found(known, allow(LOGS), deny(part)) == AllowedPatterns((), (LOGS,))
    assert found(known, allow(LOGS), deny("arn:aws:s3:::other/*")).complete == (LOGS,)


def test_a_deny_whose_condition_is_not_met_is_no_limit(known: ActionList) -> None:
    of_others = {"StringEquals": {"aws:username": "eve"}}
    assert found(known, allow(LOGS), deny("arn:aws:s3:::logs/secret/*", Condition=of_others)).complete == (LOGS,)


def test_an_open_condition_does_not_allow(known: ActionList) -> None:
    from_vpc = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
    assert found(known, allow(LOGS, Condition=from_vpc)) == AllowedPatterns()


def test_a_boundary_and_an_scp_have_to_allow_the_whole_pattern(known: ActionList) -> None:
    everything, logs, one = document(allow("*", "*")), document(allow(LOGS)), document(allow("arn:aws:s3:::logs/a"))
    assert found(known, allow(LOGS), scp=everything, boundary=logs).complete == (LOGS,)
    assert found(known, allow(LOGS), scp=one) == AllowedPatterns()
    assert found(known, allow(LOGS), boundary=one) == AllowedPatterns()
    assert found(known, allow("arn:aws:s3:::*"), boundary=logs) == AllowedPatterns()


def test_an_scp_that_allows_all_but_a_part_makes_the_pattern_partly_allowed(known: ActionList) -> None:
    but_secret = document({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::logs/secret/*"})
    assert found(known, allow(LOGS), scp=but_secret) == AllowedPatterns((), (LOGS,))


def test_another_accounts_resource_is_not_named_because_its_own_policy_is_not_known(known: ActionList) -> None:
    queues = [f"arn:aws:sqs:eu-west-1:{account}:*" for account in ("123456789012", "210987654321")]
    assert found(known, allow(queues, "sqs:*"), action="sqs:SendMessage").complete == (queues[0],)


def test_many_patterns_are_counted_and_many_actions_are_not_searched(known: ActionList) -> None:
    many = found(known, allow([f"arn:aws:s3:::b{number:03}/*" for number in range(250)]))
    assert (len(many.complete), many.more) == (10, 240)
    user = live_user()
    actions = [RequiredAction(each, Location("", 1, 1)) for each in known.expand("ec2:*")]
    assert find_allowed_patterns(Permissions(snapshot(user)), user, actions, known) == {}


def test_an_action_that_is_not_in_the_list_is_decided_on_every_pattern(known: ActionList) -> None:
    assert found(known, allow(LOGS), action="s3:GetScopedObject").complete == (LOGS,)


@pytest.mark.parametrize(
    ("denied", "action", "partial"),
    [
        (deny("arn:aws:s3:::logs/*"), "s3:GetObject", ("*",)),
        (deny("*", Condition={"StringEquals": {"aws:username": "other"}}), "s3:GetObject", ()),
        (deny("arn:aws:s3:::logs/*"), "s3:ListAllMyBuckets", ()),  # it has no resource type
        ({**deny("arn:aws:sqs:*:*:*"), "Action": "sqs:*"}, "s3:GetObject", ()),
    ],
)
def test_a_deny_on_some_resources_makes_an_action_partly_allowed_on_all(
    known: ActionList, denied: dict[str, Any], action: str, partial: tuple[str, ...]
) -> None:
    user = live_user(inline=["own"])
    seen = replace(snapshot(user), documents={f"user/{user.name}/own": document(allow("*"), denied)})
    required = RequiredAction(action, Location("", 1, 1))
    found_on = find_partly_allowed(Permissions(seen), user, [required], known).get(action, AllowedPatterns())
    assert found_on == AllowedPatterns(partial=partial)
