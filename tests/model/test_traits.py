"""What is known of a rule or a source by its name; test_contract.py of the rules holds their traits to behaviour."""

from __future__ import annotations

import pytest

from koding_audit import plugins
from koding_audit.cli.parser import build_parser
from koding_audit.model.finding import Action, Finding
from koding_audit.model.trait_table import RULE_TRAITS, SOURCE_TRAITS
from koding_audit.model.traits import (
    RuleTraits,
    SourceTraits,
    find_rule_traits,
    find_source_traits,
    guess_rule_traits,
)
from koding_audit.model.verb import Verb
from koding_audit.scan.catalog import declared_traits
from koding_audit.scan.waivers import apply_waivers
from tests.scan.rules.test_contract import FOUND
from tests.values import ACCOUNT, NOW, waiver

PUT = Action(Verb.PUT_USER_POLICY, {"UserName": "alice", "PolicyName": "a", "PolicyDocument": "{}"})


def finding(rule: str, verb: Verb = Verb.PUT_USER_POLICY) -> Finding:
    return Finding(
        rule, "error", "arn:aws:iam::123456789012:user/alice", "it differs", fix=Action(verb, PUT.parameters)
    )


def test_the_table_says_what_the_rules_say() -> None:
    assert {rule: RuleTraits(**said) for rule, said in RULE_TRAITS.items()} == declared_traits()


def test_a_rule_of_this_version_is_never_guessed() -> None:
    assert {rule: find_rule_traits(rule) for rule in RULE_TRAITS} == declared_traits()
    assert find_rule_traits("root-used") != guess_rule_traits("root-used")


@pytest.mark.parametrize(
    ("rule", "traits"),
    [
        ("", RuleTraits()),
        ("owner-missing", RuleTraits()),
        ("root-tag", RuleTraits(is_waivable=False)),
        ("rooted", RuleTraits()),
        ("waiver-late", RuleTraits(is_waivable=False)),
        ("inline-large", RuleTraits(about="inline-policy")),
        ("membership-old", RuleTraits(about="membership")),
        ("owner-changed", RuleTraits(fix_overwrites=True)),
        ("changed", RuleTraits()),
    ],
)
def test_a_rule_of_another_version_goes_by_its_spelling(rule: str, traits: RuleTraits) -> None:
    assert find_rule_traits(rule) == guess_rule_traits(rule) == traits


@pytest.mark.parametrize("verb", Verb)
def test_what_creates_or_removes_needs_its_option_whatever_the_rule_says(verb: Verb) -> None:
    creates = verb in (Verb.CREATE_USER, Verb.CREATE_GROUP)
    removes = verb.value.startswith(("Detach", "Remove", "Delete"))
    assert finding("inline-missing", verb).change == ("create" if creates else "replace" if removes else "add")
    assert finding("inline-changed", verb).change == ("create" if creates else "replace")


def test_the_rules_about_a_policy_are_those_whose_findings_name_one() -> None:
    told = {
        each.rule
        for each in FOUND
        if ":policy/" in each.subject or ":policy/" in each.key or each.rule.startswith("inline-")
    }
    assert told == {rule for rule in plugins.plugin_names("scan.rules") if find_rule_traits(rule).names_policy}


def test_what_cannot_be_waived_is_root_guards_waivers_and_what_was_not_read() -> None:
    every = (*plugins.plugin_names("scan.rules"), "not-checked")
    never = {rule for rule in every if not find_rule_traits(rule).is_waivable}
    assert never == {
        *("caller-is-root", "root-access-key", "root-mfa-missing", "root-used", "root-key-used", "not-checked"),
        *("protected-used", "root-signing-certificate", "waiver-expired", "waiver-unused"),
    }
    # Whatever a file or a caller says: it stays open.
    for rule in never:
        found = Finding(rule, "error", ACCOUNT.root_arn, "it lacks it")
        assert apply_waivers([found], [waiver(rule)], NOW) == (found,)


# --- sources ------------------------------------------------------------------------------------


def test_the_table_says_what_the_sources_say() -> None:
    said = {name: plugins.load_plugin("aws.sources", name).TRAITS for name in plugins.plugin_names("aws.sources")}
    assert {name: find_source_traits(name) for name in SOURCE_TRAITS} == said
    assert all(isinstance(each, SourceTraits) for each in said.values())


def test_the_default_of_the_option_is_the_one_source_that_says_so() -> None:
    default = build_parser().parse_args(["scan"]).source
    assert [name for name in SOURCE_TRAITS if find_source_traits(name).is_default] == [default]


def test_a_source_is_found_with_its_argument_and_one_of_another_version_has_the_defaults() -> None:
    assert find_source_traits("snapshot:account.json") == find_source_traits("snapshot")
    assert find_source_traits("config:eu") == find_source_traits("") == SourceTraits()
