"""`can --simulate`: AWS's simulator over real HTTP, and what is made of its answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koding_audit.cli import main
from tests.servers.replay import Replay, identity, recorded

USER = {
    "Path": "/",
    "UserName": "ada",
    "UserId": "AIDA1",
    "CreateDate": "2026-01-01T00:00:00Z",
    "Arn": "arn:aws:iam::123456789012:user/ada",
}
ALLOW = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:Run*", "Resource": "*"}}


@pytest.fixture
def answering(replay: Replay, aws_environment: pytest.MonkeyPatch) -> Replay:
    """An account in which ada may run instances, as far as her own policies go."""
    replay.answer("GetCallerIdentity", identity("123456789012", "arn:aws:iam::123456789012:user/auditor"))
    replay.answer("GetUser", recorded({"User": USER}))
    replay.answer("ListAttachedUserPolicies", recorded({"AttachedPolicies": [], "IsTruncated": False}))
    replay.answer("ListUserPolicies", recorded({"PolicyNames": ["own"], "IsTruncated": False}))
    replay.answer("ListGroupsForUser", recorded({"Groups": [], "IsTruncated": False}))
    named = {"UserName": "ada", "PolicyName": "own", "PolicyDocument": ALLOW}
    replay.answer("GetUserPolicy", recorded(named))
    return replay


def says(replay: Replay, decision: str, *actions: str, **more: Any) -> None:
    results = [
        {"EvalActionName": action, "EvalResourceName": "*", "EvalDecision": decision, **more}
        for action in actions or ("ec2:RunInstances",)
    ]
    replay.answer("SimulatePrincipalPolicy", recorded({"EvaluationResults": results, "IsTruncated": False}))


def ask(replay: Replay, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    arguments = more if more and not more[0].startswith("-") else ("user/ada", "ec2:RunInstances", *more)
    status = main(["can", *arguments, "--simulate", "--endpoint-url", replay.url])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_agreement_is_said_and_changes_nothing(answering: Replay, capsys: pytest.CaptureFixture[str]) -> None:
    says(answering, "allowed")
    status, out, _ = ask(answering, capsys)
    assert status == 0
    assert "  simulator  agrees: AWS's simulator says allowed\n" in out
    asked = next(call for call in answering.calls if call.action == "SimulatePrincipalPolicy").parameters
    assert asked["PolicySourceArn"] == USER["Arn"]
    assert asked["ActionNames.member.1"] == "ec2:RunInstances"
    assert asked["ResourceArns.member.1"] == "*"


def test_the_context_goes_to_the_simulator_too(answering: Replay, capsys: pytest.CaptureFixture[str]) -> None:
    says(answering, "allowed")
    ask(answering, capsys, "--context", "aws:TagKeys=a", "--context", "aws:TagKeys=b", "--context", "aws:SourceVpc=z")
    asked = next(call for call in answering.calls if call.action == "SimulatePrincipalPolicy").parameters
    assert asked["ContextEntries.member.1.ContextKeyName"] == "aws:TagKeys"
    assert asked["ContextEntries.member.1.ContextKeyType"] == "stringList"
    assert asked["ContextEntries.member.1.ContextKeyValues.member.2"] == "b"
    assert asked["ContextEntries.member.2.ContextKeyType"] == "string"


@pytest.mark.parametrize("decision", ["implicitDeny", "explicitDeny"])
def test_a_disagreement_is_shown_and_is_2(decision: str, answering: Replay, capsys: pytest.CaptureFixture[str]) -> None:
    says(answering, decision, MissingContextValues=["aws:RequestedRegion"])
    status, out, _ = ask(answering, capsys)
    assert status == 2
    assert "DISAGREES: AWS's simulator says" in out
    assert "it had no value for aws:RequestedRegion" in out


def test_a_value_that_is_missing_for_one_resource_is_named_too(
    answering: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    per_resource = [
        {"EvalResourceName": "*", "EvalResourceDecision": "allowed", "MissingContextValues": [key]}
        for key in ("aws:SourceVpc", "aws:RequestedRegion")
    ]
    says(answering, "allowed", MissingContextValues=["aws:RequestedRegion"], ResourceSpecificResults=per_resource)
    _, out, _ = ask(answering, capsys)
    assert "it had no value for aws:RequestedRegion, aws:SourceVpc" in out


def test_an_organization_that_only_aws_sees_makes_it_a_no(
    answering: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    says(answering, "implicitDeny", OrganizationsDecisionDetail={"AllowedByOrganizations": False})
    status, out, _ = ask(answering, capsys)
    assert status == 1
    assert "an organization policy that was not read here does not allow it" in out


def test_both_saying_no_agree_whichever_way_they_deny(answering: Replay, capsys: pytest.CaptureFixture[str]) -> None:
    says(answering, "explicitDeny", "s3:GetObject")
    status, out, _ = ask(answering, capsys, "user/ada", "s3:GetObject")
    assert status == 1
    assert "agrees: AWS's simulator says denied" in out


def test_of_many_actions_only_those_that_differ_are_told(answering: Replay, capsys: pytest.CaptureFixture[str]) -> None:
    says(answering, "allowed", "ec2:RunInstances", "ec2:RunScheduledInstances")
    status, out, _ = ask(answering, capsys, "user/ada", "ec2:Run*")
    assert status == 0
    assert "simulator    " not in out
    assert out.splitlines()[-1].endswith("AWS's simulator agrees on 2")


def test_json_holds_both_answers(answering: Replay, capsys: pytest.CaptureFixture[str]) -> None:
    says(answering, "implicitDeny")
    _, out, _ = ask(answering, capsys, "--output", "json")
    (decision,) = json.loads(out)["decisions"]
    assert decision["verdict"] == "allowed"
    assert decision["simulator"] == {"verdict": "implicit-deny", "agreement": "disagrees", "missing_context": []}


def test_a_simulator_that_may_not_be_asked_names_the_permission(
    answering: Replay, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = ask(answering, capsys)
    assert (status, out) == (2, "")
    assert "iam:SimulatePrincipalPolicy" in err
    assert "as IAMReadOnlyAccess does" in err


def test_an_answer_that_is_none_is_refused(answering: Replay, capsys: pytest.CaptureFixture[str]) -> None:
    says(answering, "perhaps")
    status, _, err = ask(answering, capsys)
    assert status == 2
    assert "a decision that IAM does not know" in err
