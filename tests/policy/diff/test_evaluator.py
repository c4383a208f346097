"""The comparison and the evaluator read policies alike: where they are said to be equal, every decision is the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from koding_audit.policy.diff import compare_documents
from koding_audit.policy.document import parse_document
from koding_audit.policy.evaluation import AccessRequest, Context, Policies, Policy, compile_document, decide
from tests.policy.diff.oracle import ACTIONS, ASPECTS, CONTEXTS, RESOURCES, Json, pair, told
from tests.values import REFERENCE

pytestmark = pytest.mark.usefixtures("unmeasured")

PRINCIPAL = "arn:aws:iam::123456789012:user/ann"
REQUESTS = 150


def decided(document: Json, action: str, resource: str, context: dict[str, str]) -> tuple[bool, bool]:
    policies = Policies(identity=(Policy("user", "p", compile_document(document)),))
    request = AccessRequest(action, resource, PRINCIPAL, Context.from_values(context, complete=True))
    verdict = decide(request, policies, REFERENCE).verdict
    return verdict == "allowed", verdict == "explicit-deny"


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(pair(), st.integers(0, 10_000))
def test_no_decision_differs_but_as_the_comparison_says(documents: tuple[Json, Json], seed: int) -> None:
    old, new = documents
    found = compare_documents(parse_document(old), parse_document(new))
    if found.why:
        return
    dice = random.Random(seed)
    for _ in range(REQUESTS):
        request = dice.choice(ACTIONS), dice.choice(RESOURCES), dict(dice.choice(CONTEXTS))
        for aspect in told(decided(old, *request), decided(new, *request)):
            assert getattr(found, aspect), request


CONDITIONS = [
    {"StringEquals": {"k": "a"}},
    {"StringNotEquals": {"k": ["a", "b"]}},
    {"StringLikeIfExists": {"k": "a*"}},
    {"Null": {"k": "false"}, "StringNotLike": {"k": "b*"}},
    {"ForAllValues:StringEquals": {"k": ["a", "b"]}},
    {"ForAnyValue:StringNotEquals": {"k": "a"}},
    {"ForAllValues:StringNotLike": {"k": ["a*", "b"]}},
    {"Bool": {"k": "true"}},
    {"NumericLessThan": {"k": "5"}},
    {"NumericNotEquals": {"k": "5"}},
    {"ArnEquals": {"k": "arn:aws:s3:::a*"}},
    {"ArnNotLike": {"k": "arn:aws:s3:::a*"}},
    {"NotIpAddress": {"k": "10.0.0.0/8"}},
    {"DateGreaterThan": {"k": "2026-01-01T00:00:00Z"}},
]
VALUES: list[list[str]] = [
    *([], ["a"], ["b"], ["a", "b"], ["a", "c"], ["ab"], ["true"], ["false"], ["4"], ["5"], ["6"]),
    *(["arn:aws:s3:::ab"], ["arn:aws:s3:::b"], ["10.1.1.1"], ["11.1.1.1"], ["2026-06-01T00:00:00Z"]),
]


@pytest.mark.parametrize("one", range(len(CONDITIONS)))
def test_what_is_said_of_two_conditions_is_what_the_evaluator_decides_on_values(one: int) -> None:
    """Several values of one key too, on which the qualifiers work."""
    for other in CONDITIONS:
        old, new = (
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": "s:a", "Resource": "*", "Condition": condition},
            }
            for condition in (CONDITIONS[one], other)
        )
        found = compare_documents(parse_document(old), parse_document(new))
        seen = set()
        for values in VALUES:
            context = Context.from_values({"k": values} if values else {}, complete=True)
            before, after = (
                decide(
                    AccessRequest("s:a", "x", PRINCIPAL, context),
                    Policies(identity=(Policy("user", "p", compile_document(each)),)),
                    REFERENCE,
                )
                for each in (old, new)
            )
            seen.update(told((before.verdict == "allowed", False), (after.verdict == "allowed", False)))
        assert found.verdict != "equal" or not seen
        if not found.why:
            assert {aspect for aspect in ASPECTS if getattr(found, aspect)} >= seen
