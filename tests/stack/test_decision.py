"""A need of which only a part of the resource is known: yes only if it is allowed on all that it may be."""

from __future__ import annotations

import itertools
import re

import pytest

from koding_audit.policy.evaluation import Policy, compile_document
from koding_audit.stack import decision
from koding_audit.stack.decision import NeedDecider
from tests.stack.made import allow, deny, document, judge, need
from tests.values import REFERENCE

ANY_BUCKET = "arn:aws:s3:::*"
LOGS = "arn:aws:s3:::logs-*"


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ([allow(resource="*")], "allowed"),
        ([allow(resource=ANY_BUCKET)], "allowed"),
        ([allow(resource=LOGS)], "unknown"),
        ([allow(resource="arn:aws:s3:::logs-a")], "unknown"),
        ([allow(resource=[LOGS, "arn:aws:s3:::[!l]*"])], "unknown"),
        ([allow(resource="arn:aws:sqs:*:*:x")], "implicit-deny"),
        ([allow("ec2:*")], "implicit-deny"),
        ([], "implicit-deny"),
        ([allow(), deny("s3:*", LOGS)], "unknown"),
        ([allow(), deny("s3:CreateBucket")], "explicit-deny"),
        ([allow(), deny("s3:CreateBucket", ANY_BUCKET)], "explicit-deny"),
        ([deny("s3:*", LOGS)], "implicit-deny"),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": LOGS}], "unknown"),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:sqs:*"}], "allowed"),
        ([{"Effect": "Deny", "Action": "s3:*", "NotResource": ANY_BUCKET}, allow()], "allowed"),
        ([allow(resource="arn:aws:s3:::${aws:username}-*")], "unknown"),
    ],
)
def test_a_bucket_whose_name_is_not_known(statements: list[dict[str, object]], verdict: str) -> None:
    assert judge(*statements).decide(need(resource=ANY_BUCKET)).verdict == verdict


@pytest.mark.parametrize(
    ("resource", "verdict"),
    [
        ("arn:aws:s3:::logs-a", "allowed"),
        ("arn:aws:s3:::logs-*", "allowed"),
        ("arn:aws:s3:::logs-*-x", "allowed"),
        ("arn:aws:s3:::log*", "unknown"),
        ("arn:aws:s3:::*-a", "unknown"),
        ("arn:aws:s3:::data-*", "implicit-deny"),
        ("arn:*", "unknown"),
    ],
)
def test_what_is_known_of_a_name_decides_as_far_as_it_goes(resource: str, verdict: str) -> None:
    assert judge(allow(resource=LOGS)).decide(need(resource=resource)).verdict == verdict


@pytest.mark.parametrize(
    ("own", "resource", "verdict"),
    [
        ("arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:123456789012:key-pair/deploy", "implicit-deny"),
        ("arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:123456789012:subnet/*", "implicit-deny"),
        ("arn:aws:ec2:eu-*:*:subnet/*", "arn:aws:ec2:*:123456789012:subnet/*", "unknown"),
        ("arn:aws:ec2:*:*:subnet/*", "arn:aws:ec2:*:123456789012:subnet/*", "allowed"),
        ("arn:aws:ec2:*", "arn:aws:ec2:*:123456789012:subnet/*", "allowed"),
        ("arn:aws:logs:*:*:log-group:*:log-stream:*", "arn:aws:logs:*:123456789012:log-group:*", "unknown"),
    ],
)
def test_an_unknown_region_or_name_is_one_part_of_an_arn(own: str, resource: str, verdict: str) -> None:
    service = resource.split(":")[2]
    found = judge(allow(f"{service}:*", own)).decide(need(f"{service}:CreateThing", resource))
    assert found.verdict == verdict


def test_a_variable_in_a_policy_is_filled_in_for_who_asks() -> None:
    own = judge(allow(resource="arn:aws:s3:::${aws:username}-*"))
    assert own.decide(need(resource="arn:aws:s3:::ada-*")).verdict == "allowed"
    assert own.decide(need(resource="arn:aws:s3:::bob-*")).verdict == "implicit-deny"


def test_any_resource_is_allowed_only_by_what_allows_all() -> None:
    assert judge(allow("ec2:*")).decide(need("ec2:CreateTags", "arn:*")).verdict == "allowed"
    some = judge(allow("ec2:*", "arn:aws:ec2:*:*:instance/*"))
    assert some.decide(need("ec2:CreateTags", "arn:*")).verdict == "unknown"


def test_an_action_that_knows_no_resource_is_not_allowed_by_a_statement_about_some() -> None:
    some = judge(allow("ec2:*", "arn:aws:ec2:*:*:instance/*"))
    assert some.decide(need("ec2:DescribeInstances", "*")).verdict == "implicit-deny"
    assert judge(allow("ec2:*")).decide(need("ec2:DescribeInstances", "*")).verdict == "allowed"


def test_an_open_condition_makes_it_unknown_and_names_the_key() -> None:
    decision = judge(allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})).decide(need(resource=ANY_BUCKET))
    assert (decision.verdict, decision.open_keys) == ("unknown", ("aws:sourceip",))


def test_a_region_that_the_script_says_answers_a_condition() -> None:
    one = judge(allow("ec2:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    arn = "arn:aws:ec2:{}:123456789012:instance/*"
    assert one.decide(need("ec2:RunInstances", arn.format("eu-west-1"), region="eu-west-1")).verdict == "allowed"
    assert one.decide(need("ec2:RunInstances", arn.format("us-east-1"), region="us-east-1")).verdict == "implicit-deny"
    assert one.decide(need("ec2:RunInstances", arn.format("*"))).verdict == "unknown"


def test_boundaries_and_organization_policies_count_as_well() -> None:
    limited = compile_document(document(allow("s3:*", LOGS)))
    bound = judge(allow(), boundary=(Policy("permissions boundary", "b", limited),))
    assert bound.decide(need(resource=ANY_BUCKET)).verdict == "unknown"
    assert bound.decide(need(resource="arn:aws:s3:::data-*")).verdict == "implicit-deny"
    organized = judge(allow(), scps=((Policy("SCP level 1", "s", limited),),))
    assert organized.decide(need(resource="arn:aws:s3:::data-*")).verdict == "implicit-deny"


def test_a_key_whose_policy_was_not_seen_is_unknown() -> None:
    key = need("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/*")
    unseen = NeedDecider(judge(allow("kms:*")).policies, judge().make_request, REFERENCE)
    assert unseen.decide(key).verdict != "allowed"


def test_a_reason_speaks_of_what_the_script_says() -> None:
    (because,) = judge().decide(need("ec2:RunInstances", "arn:aws:ec2:*:123456789012:instance/*")).reasons
    assert "arn:aws:ec2:*:123456789012:instance/*" in because.why


def test_needs_that_no_statement_tells_apart_are_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = decision.decide, []
    monkeypatch.setattr(decision, "decide", lambda *given, **more: calls.append(given) or real(*given, **more))
    everything = judge(allow("s3:*"))
    verdicts = {everything.decide(need(resource=f"arn:aws:s3:::bucket-{n}")).verdict for n in range(100)}
    assert (verdicts, len(calls)) == ({"allowed"}, 1)


NAMES = ["".join(each) for size in range(4) for each in itertools.product("abc", repeat=size)]


@pytest.mark.parametrize("seed", range(60))
def test_an_answer_is_never_at_odds_with_what_is_decided_for_each_name(seed: int) -> None:
    """Against the evaluator itself, for every short name that the need can have."""
    patterns = ["a*", "*b", "b", "a*b", "*", "ab*", "*a*", "c*", "", "*c"]
    chosen = [patterns[(seed * 7 + each * 3) % len(patterns)] for each in range(3)]
    template = patterns[seed % len(patterns)]
    arn = "arn:aws:s3:::{}"
    statements = [allow(resource=[arn.format(chosen[0]), arn.format(chosen[1])]), deny("s3:*", arn.format(chosen[2]))]
    found = judge(*statements).decide(need(resource=arn.format(template))).verdict
    matches = re.compile(template.replace("*", ".*")).fullmatch
    single = {
        judge(*statements).decide(need(resource=arn.format(name))).verdict == "allowed"
        for name in NAMES
        if matches(name)
    }
    if found == "allowed":
        assert single == {True}
    elif found == "unknown":
        assert single == {True, False}
    else:
        assert single == {False}
