"""Which calls tell a fact, for principals of the kinds that are asked about."""

from __future__ import annotations

from koding_audit.model.fact_calls import (
    CREDENTIAL_FACTS,
    FACT_CALLS,
    LISTING_FACTS,
    calls_for_facts,
    calls_for_rule,
    fact_call_pairs,
)
from koding_audit.model.query import Fact


def test_every_fact_has_its_calls() -> None:
    assert set(FACT_CALLS) == set(Fact)
    assert all(FACT_CALLS.values())
    assert set(Fact) > CREDENTIAL_FACTS
    assert set(LISTING_FACTS.values()) < set(Fact)


def test_a_call_is_named_for_each_kind_that_is_asked_about() -> None:
    assert list(calls_for_facts({Fact.ATTACHED}, ["user", "group"])) == [
        "iam:ListAttachedUserPolicies",
        "iam:ListAttachedGroupPolicies",
    ]
    assert list(calls_for_facts({Fact.ATTACHED}, [])) == []
    assert list(calls_for_facts({Fact.SUMMARY}, [])) == ["iam:GetAccountSummary"]


def test_a_call_for_two_facts_is_made_once_and_told_with_both() -> None:
    facts = {Fact.GROUP, Fact.MEMBERS}
    assert list(calls_for_facts(facts, ["group"])) == ["iam:GetGroup"]
    assert list(fact_call_pairs(facts, ["group"])) == [(Fact.GROUP, "iam:GetGroup"), (Fact.MEMBERS, "iam:GetGroup")]


def test_a_rule_asks_about_the_kinds_that_it_has_to_know_of() -> None:
    assert calls_for_rule(frozenset({Fact.USER, Fact.INLINE})) == ("iam:GetUser", "iam:ListUserPolicies")
    assert calls_for_rule(frozenset({Fact.INLINE})) == ()
