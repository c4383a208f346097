"""The comparison against every request of a small world. `make diff-sweep` tries more pairs than `make test`."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings

from koding_audit.policy.diff import Difference, PolicyChange, compare_documents, covers_documents
from koding_audit.policy.document import parse_document
from tests.policy.diff.oracle import (
    ACTIONS,
    ASPECTS,
    MANY_CONTEXTS,
    RESOURCES,
    Json,
    aspects_of,
    aspects_with_variables,
    glob,
    pair,
    pair_with_variables,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unmeasured")]

PAIRS = int(os.environ.get("DIFF_PAIRS", "300"))
swept = settings(max_examples=PAIRS, deadline=None, suppress_health_check=list(HealthCheck))


def changes(found: Difference, aspect: str) -> tuple[PolicyChange, ...]:
    said: tuple[PolicyChange, ...] = getattr(found, aspect)
    return said


@swept
@given(pair())
def test_a_difference_is_found_exactly_where_some_request_shows_it(documents: tuple[Json, Json]) -> None:
    old, new = documents
    found = compare_documents(parse_document(old), parse_document(new))
    truth = aspects_of(old, new)
    said = {aspect for aspect in ASPECTS if changes(found, aspect)}
    assert said <= truth
    assert found.why or said == truth
    assert found.verdict == ("different" if said else "undecided" if found.why else "equal")


@settings(swept, max_examples=max(PAIRS // 5, 50))  # each has many more requests than a pair without variables
@given(pair_with_variables())
def test_with_variables_too_a_difference_is_one_that_some_request_shows_and_equal_means_none(
    documents: tuple[Json, Json],
) -> None:
    old, new = documents
    found = compare_documents(parse_document(old), parse_document(new))
    truth = aspects_with_variables(old, new)
    said = {aspect for aspect in ASPECTS if changes(found, aspect)}
    if not said <= truth:  # rare, so that the larger world can take its time
        truth = aspects_with_variables(old, new, MANY_CONTEXTS)
    assert said <= truth
    assert found.why or said == truth


def test_most_random_pairs_are_decided() -> None:
    answers = []

    @settings(swept, max_examples=200, database=None, derandomize=True)
    @given(pair())
    def compared(documents: tuple[Json, Json]) -> None:
        answers.append(compare_documents(*map(parse_document, documents)).why)

    compared()
    assert sum(map(bool, answers)) < len(answers) / 20


@pytest.mark.usefixtures("by_statement")
@swept
@given(pair())
def test_statement_by_statement_too_a_difference_is_found_exactly_where_some_request_shows_it(
    documents: tuple[Json, Json],
) -> None:
    old, new = documents
    found = compare_documents(parse_document(old), parse_document(new))
    truth = aspects_of(old, new)
    said = {aspect for aspect in ASPECTS if changes(found, aspect)}
    assert said <= truth
    assert found.why or said == truth
    answer = covers_documents(parse_document(new), parse_document(old))
    assert answer is None or answer == ("lost" not in truth)


@pytest.mark.usefixtures("by_statement")
@settings(swept, max_examples=max(PAIRS // 5, 50))
@given(pair_with_variables())
def test_statement_by_statement_with_variables_equal_means_that_no_request_shows_a_difference(
    documents: tuple[Json, Json],
) -> None:
    old, new = documents
    found = compare_documents(parse_document(old), parse_document(new))
    said = {aspect for aspect in ASPECTS if changes(found, aspect)}
    truth = aspects_with_variables(old, new)
    if not said <= truth:
        truth = aspects_with_variables(old, new, MANY_CONTEXTS)
    assert said <= truth
    assert found.why or said == truth


@swept
@given(pair())
def test_covers_is_true_only_where_nothing_is_lost_and_false_only_where_something_is(
    documents: tuple[Json, Json],
) -> None:
    small, big = documents
    answer = covers_documents(parse_document(big), parse_document(small))
    if answer is not None:
        assert answer == ("lost" not in aspects_of(small, big))


@settings(swept, max_examples=max(PAIRS // 5, 50))
@given(pair())
def test_the_resource_of_a_change_is_one_on_which_it_is_so(documents: tuple[Json, Json]) -> None:
    old, new = documents
    found = compare_documents(parse_document(old), parse_document(new))
    for aspect in ASPECTS:
        for change in changes(found, aspect):
            matching = [each for each in ACTIONS if glob(change.action.lower(), each)]
            assert aspect in aspects_of(old, new, [change.resource], matching)


def test_the_small_world_has_what_its_patterns_can_tell_apart() -> None:
    assert {"z:zzz", "s:a", "t:ab"} <= set(ACTIONS)
    assert {"z", "abab", "bzzz"} <= set(RESOURCES)
