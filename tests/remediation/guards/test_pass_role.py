"""What a guard says that a principal can do with the roles that it passes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koding_audit.model.finding import Action
from koding_audit.model.verb import Verb
from koding_audit.reference import managed_policies
from koding_audit.reference.escalations import load_pass_role_uses
from tests.remediation.guards.plans import DOCUMENTS, EDGE, account, judged, says, statement
from tests.values import live_group, live_user, own

USES = load_pass_role_uses()
PASS = statement("Allow", "iam:PassRole")
ATTACH = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": own("it")})


def said(*statements: Any, **more: Any) -> str:
    """How the step that attaches a document of these statements is marked."""
    document = {own("it"): says(*statements)}
    live = account(live_group(**more), documents={**DOCUMENTS, **document})
    return judged(live, ATTACH).grants_by_step[0]


def passed_to(service: str) -> dict[str, Any]:
    return {**PASS, "Condition": {"StringEquals": {"iam:PassedToService": service}}}


@pytest.mark.parametrize("use", USES, ids=lambda use: use.name)
def test_each_service_that_works_with_a_role_is_named_with_what_it_needs(use: Any) -> None:
    allowed = [statement("Allow", step[-1]) for step in use.needs]
    text = said(passed_to(use.service), *allowed)
    shown = " and ".join(step[-1] for step in use.needs)
    assert text == f"grants administration: iam:PassRole with {shown} by customer:it"


@pytest.mark.parametrize("use", [each for each in USES if len(each.needs) > 1], ids=lambda use: use.name)
def test_a_service_of_which_a_step_lacks_is_not_named(use: Any) -> None:
    text = said(passed_to(use.service), statement("Allow", use.needs[0][0]))
    assert " and " not in text


def test_passing_a_role_is_a_way_without_any_service_too() -> None:
    assert said(PASS) == "grants administration: iam:PassRole by customer:it"
    assert said(PASS, statement("Allow", "ec2:*"), statement("Deny", "ec2:*")) == said(PASS)


def test_only_a_service_is_named_to_which_the_role_may_be_passed() -> None:
    compute = [statement("Allow", "ec2:RunInstances"), statement("Allow", "lambda:*")]
    assert " with ec2:RunInstances by" in said(PASS, *compute)
    functions = " with lambda:CreateFunction and lambda:InvokeFunction by"
    assert functions in said(passed_to("lambda.amazonaws.com"), *compute)
    assert " with " not in said(passed_to("glue.amazonaws.com"), *compute)


def test_what_another_policy_of_the_principal_allows_counts_too() -> None:
    documents = {own("it"): says(PASS), own("build"): says(statement("Allow", "ec2:RunInstances"))}
    group = live_group(attached=[own("build")])
    live = account(group, live_user("ada"), documents={**DOCUMENTS, **documents})
    assert " with ec2:RunInstances by customer:it" in judged(live, ATTACH).grants_by_step[0]
    other = account(live_group(attached=[EDGE]), documents={**DOCUMENTS, **documents})
    assert judged(other, ATTACH).grants_by_step == {}


def test_an_aws_policy_shows_what_it_makes_of_a_role() -> None:
    policy = managed_policies.load_managed_policies().find_by_name("AWSLambda_FullAccess")
    assert policy is not None
    live = account(live_group(), documents={own("it"): json.dumps(policy.document)})
    functions = "iam:PassRole with lambda:CreateFunction and lambda:InvokeFunction"
    assert judged(live, ATTACH).grants_by_step[0] == f"grants administration: {functions} by customer:it"
