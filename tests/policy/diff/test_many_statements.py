"""The comparison of documents with many statements of one kind: decided, with what one side has alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings

from koding_audit.policy.diff import compare_documents, covers_documents
from koding_audit.policy.diff.patterns import MOST_STATES, PatternSpace, TooManyStates, pattern_tokens
from koding_audit.policy.document import parse_document
from tests.policy.diff.oracle import ASPECTS, aspects_of, pair
from tests.policy.diff.policies import Json, allow, between, deny, policy, when

MANY = 160


def tagged(number: int) -> Json:
    return when("StringEquals", "aws:PrincipalTag/team", f"team{number:03}")


KINDS: dict[str, Callable[[int], Json]] = {
    "a bucket each": lambda n: allow(resource=f"arn:aws:s3:::bucket-{n:03}/*"),
    "a bucket and two actions each": lambda n: allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::b-{n:03}/*"),
    "an action and a bucket each": lambda n: allow(f"s3:Get{n:03}*", f"arn:aws:s3:::bucket-{n:03}/*"),
    "a star before the bucket's end": lambda n: allow(resource=f"arn:aws:s3:::*-{n:03}/*"),
    "two stars": lambda n: allow(resource=f"arn:aws:s3:::*app{n:03}*log*"),
    "a star for the account": lambda n: allow("iam:PassRole", f"arn:aws:iam::*:role/app-{n:03}-*"),
    "a star for the region": lambda n: allow("ec2:StopInstances", f"arn:aws:ec2:*:{123456789000 + n}:instance/*"),
    "a star before the action's end": lambda n: allow(f"s3:*Obj{n:03}*"),
    "stars in action and bucket": lambda n: allow(f"s3:*Obj{n:03}*", f"arn:aws:s3:::bucket-{n:03}/*"),
    "a star before both ends": lambda n: allow(f"s3:*Obj{n:03}*", f"arn:aws:s3:::*-{n:03}/*"),
    "a tag each": lambda n: allow(resource=f"arn:aws:s3:::bucket-{n:03}/*", **tagged(n)),
    "a tag each and a star for the account": lambda n: allow(
        "iam:PassRole", f"arn:aws:iam::*:role/app-{n:03}-*", **tagged(n)
    ),
    "a service each": lambda n: allow(f"service{n:03}:*", "*"),
    "a variable each": lambda n: allow(resource=f"arn:aws:s3:::bucket-{n:03}/${{aws:username}}/*"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_of_160_statements_is_all_that_is_lost_or_gained(kind: str) -> None:
    every = [KINDS[kind](number) for number in range(MANY)]
    one = every.pop(MANY // 2)
    lost = between([*every, one], every[::-1])
    assert (lost.verdict, lost.why, lost.gained, lost.forbidden, lost.released) == ("different", "", (), (), ())
    assert {each.action for each in lost.lost} == set(listed(one["Action"]))
    assert {each.resource.replace("-080-", "-080/") for each in lost.lost} == {
        one["Resource"].replace("-080-", "-080/")
    }
    gained = between(every, [one, *every])
    assert (gained.gained, gained.lost) == (lost.lost, ())


@pytest.mark.parametrize("kind", KINDS)
def test_160_statements_in_another_order_are_equal(kind: str) -> None:
    every = [KINDS[kind](number) for number in range(MANY)]
    assert between(every, every[::-1]).verdict == "equal"


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_many_other_statements_is_found(kind: str) -> None:
    """40 on each side, 20 of them on both."""
    old, new = ([KINDS[kind](number) for number in side] for side in (range(100, 140), range(120, 160)))
    found = between(old, new)
    assert (found.verdict, found.why) == ("different", "")
    assert found.gained
    assert found.lost
    if len({each["Action"] for each in old if isinstance(each["Action"], str)}) > 1:
        assert {each.action for each in found.lost} == {each["Action"] for each in old[:20]}
        assert {each.action for each in found.gained} == {each["Action"] for each in new[20:]}


def listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_a_denial_beside_160_statements_takes_away_what_they_allow() -> None:
    every = [KINDS["stars in action and bucket"](number) for number in range(MANY)]
    no = deny("s3:*Obj003*", "arn:aws:s3:::bucket-*")
    found = between(every, [*every, no])
    assert (found.verdict, found.why, found.gained, found.released) == ("different", "", (), ())
    assert "s3:*Obj003*" in {each.action for each in found.lost}
    assert between([*every, no], [no, *every[::-1]]).verdict == "equal"


def test_what_covers_160_statements_is_known_to_cover_them() -> None:
    every = [KINDS["a tag each and a star for the account"](number) for number in range(MANY)]
    wide = parse_document(policy(allow("iam:PassRole", "arn:aws:iam::*:role/*")))
    assert covers_documents(wide, parse_document(policy(*every))) is True
    assert covers_documents(parse_document(policy(*every)), wide) is False


def test_of_regions_that_differ_in_more_matches_only_the_least_is_needed() -> None:
    elements = [{pattern_tokens(f"*{number:02}*"): ""} for number in range(20)]
    space = PatternSpace([*elements, {pattern_tokens("x*"): ""}])
    with pytest.raises(TooManyStates):
        space.regions()
    found = space.regions(within=1 << 20, fewest=(1 << 20) - 1)
    assert 1 << 20 in found
    assert len(found) < MOST_STATES // 100


@pytest.mark.usefixtures("by_statement")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(pair())
def test_statement_by_statement_the_differences_are_those_that_some_request_shows(documents: tuple[Json, Json]) -> None:
    old, new = documents
    found = compare_documents(parse_document(old), parse_document(new))
    said = {aspect for aspect in ASPECTS if getattr(found, aspect)}
    assert said <= aspects_of(old, new)
    assert found.why or said == aspects_of(old, new)


@pytest.mark.usefixtures("by_statement")
def test_statement_by_statement_a_denial_takes_away_where_it_meets_what_is_allowed() -> None:
    found = between([allow("s3:a", "a*")], [allow("s3:a", "a*"), deny("s3:*")])
    assert [(each.action, each.resource) for each in found.lost] == [("s3:a", "a*")]
    assert [each.action for each in found.forbidden] == ["s3:*"]
