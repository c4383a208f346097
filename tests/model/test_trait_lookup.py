"""What is known of a rule by its id, without loading it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from koding_audit import plugins
from koding_audit.model.finding import NOT_CHECKED, Action, Finding, Verb
from koding_audit.model.trait_lookup import find_rule_traits
from koding_audit.model.trait_table import RULE_TRAITS
from koding_audit.model.waivable import _POLICY_IN_KEY, _POLICY_IN_SUBJECT, INLINE_RULES, POLICY_RULES, can_be_waived
from koding_audit.report.baseline import KNOWN_BY_EVIDENCE
from koding_audit.report.formats.html import _ROOT_RULES
from koding_audit.report.graph import _STATE_RULES
from koding_audit.scan.audit import _RUNS_LAST
from koding_audit.scan.catalog import declared_traits
from koding_audit.scan.read_plan import _STACK_RULES

RULES = [*plugins.plugin_names("scan.rules"), NOT_CHECKED]
NEVER_SEEN = ["", "root-tag", "waiver-late", "inline-odd", "membership-odd", "owner-changed", "rooted", "changed"]
PUT = Action(Verb.PUT_USER_POLICY, {"UserName": "alice", "PolicyName": "a", "PolicyDocument": "{}"})


def test_the_table_says_what_the_rules_say() -> None:
    assert declared_traits() == RULE_TRAITS


@pytest.mark.parametrize("rule", RULES + NEVER_SEEN)
def test_the_traits_are_what_the_names_of_rules_gave(rule: str) -> None:
    traits = find_rule_traits(rule)
    assert traits.state == next((state for state, rules in _STATE_RULES.items() if rule in rules), "noted")
    assert traits.is_waivable == can_be_waived(rule)
    assert (traits.about == "policy") == (rule in _POLICY_IN_SUBJECT)
    assert (traits.about == "attached-policy") == (rule in _POLICY_IN_KEY)
    assert (traits.about == "inline-policy") == (rule.partition("-")[0] == "inline")
    assert (traits.about == "inline-policy") == (rule in INLINE_RULES or rule == "inline-odd")
    assert (traits.about in ("policy", "attached-policy", "inline-policy")) == (rule in {*POLICY_RULES, "inline-odd"})
    assert (traits.about == "membership") == (rule.partition("-")[0] == "membership")
    assert (traits.about == "policy-set") == (rule in ("optional-set-incomplete", "action-not-effective"))
    assert traits.is_known_by_evidence == (rule in KNOWN_BY_EVIDENCE)
    assert traits.fix_overwrites == rule.endswith("-changed")
    assert traits.needs_waiver_use == (rule == _RUNS_LAST)
    assert traits.needs_stack == (rule in _STACK_RULES)
    assert traits.shows_unseen_layers == (rule == "action-not-effective")
    assert traits.is_about_quota == (rule == "quota-exceeded")
    root = dict(zip(_ROOT_RULES, ("access-keys", "mfa", "password-use", "key-use"), strict=True))
    assert traits.root_fact == root.get(rule)


@pytest.mark.parametrize("rule", RULES + NEVER_SEEN)
@pytest.mark.parametrize("verb", Verb)
def test_the_change_of_a_fix_is_what_its_verb_and_the_name_of_its_rule_gave(rule: str, verb: Verb) -> None:
    finding = Finding(rule, "error", "arn:aws:iam::123456789012:user/alice", "it differs", fix=replace(PUT, verb=verb))
    takes = verb.value.startswith(("Detach", "Remove", "Delete"))
    changes = "replace" if takes or rule.endswith("-changed") else "add"
    assert finding.change == ("create" if verb in (Verb.CREATE_USER, Verb.CREATE_GROUP) else changes)
