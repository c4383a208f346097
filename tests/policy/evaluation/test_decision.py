"""Every case of the tables in tests/policy/evaluation/cases: a newcomer adds one without touching code."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.policy.evaluation.tables import CASE_KEYS, POLICY_KEYS, REQUEST_KEYS, TableCase, table_cases

CASES = tuple(table_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_request_is_decided_as_the_guide_says(case: TableCase) -> None:
    decision = case.decide()
    assert decision.verdict == case.said["expected"], f"{case.said['reason']} ({case.page}): {decision}"
    assert decision.reasons
    if "open_keys" in case.said:
        assert list(decision.open_keys) == case.said["open_keys"]
    if "not_seen" in case.said:
        assert list(decision.not_seen) == case.said["not_seen"]


def test_the_tables_are_many_and_say_why() -> None:
    assert len(CASES) >= 400
    assert all(case.said["reason"] and case.page for case in CASES)


def test_each_id_is_there_once_and_no_word_of_a_case_is_misspelt() -> None:
    assert not [name for name, times in Counter(case.id for case in CASES).items() if times > 1]
    for case in CASES:
        assert set(case.said) <= CASE_KEYS, case.id
        assert set(case.said.get("request", {})) <= REQUEST_KEYS, case.id
        assert set(case.said.get("policies", {})) <= POLICY_KEYS, case.id
