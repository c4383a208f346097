"""The rules that are chosen, and what a rule says to people."""

from __future__ import annotations

import pytest

from koding_audit import plugins
from koding_audit.model.errors import InputError
from koding_audit.model.report import Report
from koding_audit.scan.catalog import advice_for_report, advice_for_rule, load_rules, select_rule_names
from tests.report.formats.reports import REPORTS, audit, policy_missing

ALL = plugins.plugin_names("scan.rules")


def test_all_rules_run_unless_some_are_chosen() -> None:
    assert [rule.id for rule in load_rules()] == ALL
    assert [rule.id for rule in load_rules(only=["root-used", "policy-missing"])] == ["policy-missing", "root-used"]
    assert [rule.id for rule in load_rules(skip=["root-used"])] == [name for name in ALL if name != "root-used"]
    assert select_rule_names(["nope"], []) == []


def test_a_rule_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        load_rules(skip=["policy-mising"])
    assert "policy-missing" in caught.value.hint
    with pytest.raises(InputError) as caught:
        load_rules(only=["x"])
    assert ", ".join(ALL) in caught.value.hint


def test_to_leave_out_every_rule_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        load_rules(only=["root-used"], skip=["root-used"])
    assert caught.value.hint


@pytest.mark.parametrize("name", [*ALL, "not-checked"])
def test_every_rule_says_why_it_matters_and_what_to_do(name: str) -> None:
    advice = advice_for_rule(name)
    assert advice.why
    assert advice.step
    assert advice.help is not None


def test_a_report_brings_the_advice_of_its_own_rules_and_of_none_that_there_is_not() -> None:
    found = audit(findings=(policy_missing(), policy_missing(rule="of-another-version")))
    assert set(advice_for_report(Report((found,)))) == {"policy-missing", "not-checked"}
    assert set(advice_for_report(REPORTS["empty"])) == {"not-checked"}
