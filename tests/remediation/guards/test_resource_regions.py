"""One resource of each region that patterns of policies distinguish; what they limit by a name can be left out."""

from __future__ import annotations

import pytest

from koding_audit.policy.evaluation.patterns import STAR
from koding_audit.remediation.guards.resource_regions import region_examples

ROLE = "arn:aws:iam::123456789012:role/"


def examples(*patterns: str, without_name: str = "", unrestricted_only: bool = False) -> list[str]:
    filled = frozenset(each.replace("*", STAR) for each in patterns)
    return sorted(region_examples(ROLE, filled, without_name=without_name, unrestricted_only=unrestricted_only))


def test_there_is_one_resource_inside_each_pattern_and_one_outside_of_all() -> None:
    found = examples(f"{ROLE}app-*", f"{ROLE}team/one")
    assert len(found) == 3
    assert f"{ROLE}team/one" in found
    assert sum(each.startswith(f"{ROLE}app-") for each in found) == 1


def test_a_name_that_is_left_out_is_no_example_in_any_path() -> None:
    found = examples(f"{ROLE}ada", f"{ROLE}*/ada", without_name="ada")
    assert found
    assert not any(each.rpartition("/")[2] == "ada" for each in found)


@pytest.mark.parametrize("pattern", [f"{ROLE}app-*", f"{ROLE}team/*", f"{ROLE}app*", f"{ROLE}x"])
def test_what_begins_with_three_spelled_characters_or_is_a_whole_name_is_limited(pattern: str) -> None:
    inside = pattern.removesuffix("*")
    assert not any(each.startswith(inside) for each in examples(pattern, unrestricted_only=True))
    assert any(each.startswith(inside) for each in examples(pattern))


@pytest.mark.parametrize("pattern", [f"{ROLE}*", f"{ROLE}ap*", f"{ROLE}*-app", "arn:aws:iam::*"])
def test_what_spells_fewer_characters_is_not_limited(pattern: str) -> None:
    assert len(examples(pattern, unrestricted_only=True)) == len(examples(pattern))


def test_no_resource_has_a_variable_as_its_name() -> None:
    assert examples(f"{ROLE}${{aws:username}}") == examples()
