"""What holds for every decision, whatever the policies are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.policy.evaluation import (
    AccessRequest,
    AccessVerdict,
    ConditionState,
    Context,
    Policies,
    Policy,
    UnreadLayer,
    compile_document,
    decide,
)
from koding_audit.policy.evaluation.operators import OPERATORS
from tests.fuzz.mutations import few
from tests.values import REFERENCE

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unmeasured")]

ACCOUNT = "123456789012"
OTHER = "999999999999"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s1"
KEYS = ("aws:SourceIp", "aws:CurrentTime", "s3:max-keys", "aws:SecureTransport", "aws:TagKeys", "aws:username")
VALUES = {
    "aws:SourceIp": ("203.0.113.7", "10.0.0.1", "2001:db8::1"),
    "aws:CurrentTime": ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    "s3:max-keys": ("5", "10", "20"),
    "aws:SecureTransport": ("true", "false"),
    "aws:TagKeys": ("team", "owner"),
    "aws:username": ("alice", "bob"),
}
OPERATORS_OF = {
    "aws:SourceIp": ("IpAddress", "NotIpAddress"),
    "aws:CurrentTime": ("DateLessThan", "DateGreaterThanEquals"),
    "s3:max-keys": ("NumericLessThan", "NumericNotEquals"),
    "aws:SecureTransport": ("Bool",),
    "aws:TagKeys": ("ForAllValues:StringEquals", "ForAnyValue:StringLike", "ForAnyValue:StringNotEquals"),
    "aws:username": ("StringEquals", "StringNotLike", "StringEqualsIgnoreCase"),
}

actions = st.sampled_from(("*", "s3:*", "s3:Get*", "S3:getobject", "s3:?etObject", "ec2:*", "s3:PutObject"))
resources = st.sampled_from(
    (
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/k",
        "arn:aws:s3:::c/*",
        "arn:aws:s3:::b/${aws:username}",
        "arn:aws:s3:*:*:*",
    )
)
principals = st.sampled_from(
    (
        "*",
        {"AWS": USER},
        {"AWS": ACCOUNT},
        {"AWS": [f"arn:aws:iam::{ACCOUNT}:role/app", f"arn:aws:iam::{OTHER}:root"]},
        {"AWS": SESSION},
        {"Service": "sns.amazonaws.com"},
    )
)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=2, unique=True)):
        operator = draw(st.sampled_from(("Null", *OPERATORS_OF[key])))
        if operator == "Null":
            found["Null"] = {key: draw(st.sampled_from(("true", "false")))}
        else:
            exists = draw(st.sampled_from(("", "IfExists")))
            values = draw(st.lists(st.sampled_from(VALUES[key]), min_size=1, max_size=2, unique=True))
            found[operator + exists] = {key: values}
    return found


@st.composite
def statements(draw: st.DrawFn, *, resource: bool = False) -> dict[str, Any]:
    found = {
        "Effect": draw(st.sampled_from(("Allow", "Allow", "Deny"))),
        draw(st.sampled_from(("Action", "Action", "NotAction"))): draw(st.lists(actions, min_size=1, max_size=2)),
        draw(st.sampled_from(("Resource", "Resource", "NotResource"))): draw(resources),
        "Condition": draw(conditions()),
    }
    if resource:
        named = "NotPrincipal" if found["Effect"] == "Deny" and draw(st.booleans()) else "Principal"
        found[named] = draw(principals)
    return found


def layers(*, resource: bool = False) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(statements(resource=resource), max_size=4)


def endpoint_statements() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(statements().map(lambda found: {**found, "Principal": "*"}), max_size=4)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "identity": draw(layers()),
        "resource": draw(layers(resource=True)),
        "boundary": draw(st.none() | layers()),
        "session": draw(st.none() | layers()),
        "scps": draw(st.lists(layers(), max_size=2)),
        "rcps": draw(st.lists(layers(), max_size=1)),
        "vpce": draw(st.none() | endpoint_statements()),
    }


contexts = st.fixed_dictionaries(
    {},
    optional={
        key: st.lists(st.sampled_from(VALUES[key]), min_size=1, max_size=2 if key == "aws:TagKeys" else 1)
        for key in KEYS
    },
)
whos = st.sampled_from((USER, SESSION, "sns.amazonaws.com", f"arn:aws:iam::{ACCOUNT}:root"))
accounts = st.sampled_from((ACCOUNT, ACCOUNT, OTHER))


def layer(found: list[dict[str, Any]]) -> tuple[Policy, ...]:
    return (Policy("test", "test", compile_document({"Version": "2012-10-17", "Statement": found})),)


def policies(world: dict[str, Any]) -> Policies:
    return Policies(
        identity=layer(world["identity"]),
        resource=layer(world["resource"]),
        boundary=None if world["boundary"] is None else layer(world["boundary"]),
        session=None if world["session"] is None else layer(world["session"]),
        scps=tuple(map(layer, world["scps"])),
        rcps=tuple(map(layer, world["rcps"])),
        vpce=None if world["vpce"] is None else layer(world["vpce"])[0],
    )


relaxed = few(40)
KINDS = ("identity", "resource", "boundary", "session", "scps", "rcps", "vpce")


def asked(who: str, account: str, context: dict[str, list[str]], *, complete: bool = True) -> AccessRequest:
    return AccessRequest(
        "s3:GetObject", "arn:aws:s3:::b/k", who, Context.from_values(context, complete=complete), account
    )


requests = st.builds(asked, whos, accounts, contexts)


def verdict(request: AccessRequest, world: dict[str, Any]) -> AccessVerdict:
    return decide(request, policies(world), REFERENCE).verdict


@relaxed
@given(worlds(), requests)
def test_a_complete_request_over_readable_policies_is_never_unknown(
    world: dict[str, Any], request: AccessRequest
) -> None:
    assert verdict(request, world) != "unknown"


@relaxed
@given(worlds(), requests, st.integers(2, 5), st.sampled_from(("Resource", "NotResource")))
def test_an_incomplete_arn_of_an_identity_policy_or_boundary_is_decided_as_its_completion(
    world: dict[str, Any], request: AccessRequest, fields: int, element: str
) -> None:
    cut = ":".join(request.resource.split(":", 5)[:fields])
    found = [
        verdict(request, {**world, kind: [*(world[kind] or []), {"Effect": effect, "Action": "*", element: text}]})
        for text in (cut, cut + ":*" * (6 - fields))
        for kind in ("identity", "boundary")
        for effect in ("Allow", "Deny")
    ]
    assert found[:4] == found[4:]


@relaxed
@given(worlds(), accounts, contexts, st.sampled_from(KINDS))
def test_an_explicit_deny_always_wins(
    world: dict[str, Any], account: str, context: dict[str, list[str]], kind: str
) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    if kind in ("resource", "vpce"):
        deny["Principal"] = "*"
    added = [[deny]] if kind in ("scps", "rcps") else [deny]
    assert verdict(asked(USER, account, context), {**world, kind: (world[kind] or []) + added}) == "explicit-deny"


@relaxed
@given(worlds(), requests, statements(), st.sampled_from(("identity", "resource", "boundary", "session")))
def test_another_deny_turns_no_denial_into_allowed(
    world: dict[str, Any], request: AccessRequest, deny: dict[str, Any], kind: str
) -> None:
    if world[kind] is None or verdict(request, world) == "allowed":
        return
    added = {**deny, "Effect": "Deny", **({"Principal": "*"} if kind == "resource" else {})}
    assert verdict(request, {**world, kind: [*world[kind], added]}) != "allowed"


@relaxed
@given(worlds(), requests, endpoint_statements())
def test_the_policy_of_a_vpc_endpoint_turns_no_denial_into_allowed(
    world: dict[str, Any], request: AccessRequest, endpoint: list[dict[str, Any]]
) -> None:
    if verdict(request, {**world, "vpce": endpoint}) == "allowed":
        assert verdict(request, {**world, "vpce": None}) == "allowed"


@relaxed
@given(worlds(), requests, st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter(world: dict[str, Any], request: AccessRequest, random: Any) -> None:
    shuffled = {
        kind: random.sample(found, len(found)) if isinstance(found, list) else found for kind, found in world.items()
    }
    assert verdict(request, world) == verdict(request, shuffled)


@few(120)
@given(worlds(), whos, accounts, contexts, contexts)
def test_what_an_open_request_is_told_holds_for_any_value_of_its_open_keys(
    world: dict[str, Any],
    who: str,
    account: str,
    known: dict[str, list[str]],
    others: dict[str, list[str]],
) -> None:
    told = verdict(asked(who, account, known, complete=False), world)
    # Absent is one of the values that an open key may have, so keys that `others` lacks stay absent.
    real = verdict(asked(who, account, {**others, **known}), world)
    if told == "allowed":
        assert real == "allowed"
    elif told != "unknown":
        assert real in ("explicit-deny", "implicit-deny")


@relaxed
@given(worlds(), st.builds(asked, whos, accounts, contexts, complete=st.just(False)))
def test_an_unknown_names_the_open_keys_that_decide_and_any_other_verdict_none(
    world: dict[str, Any], request: AccessRequest
) -> None:
    decision = decide(request, policies(world), REFERENCE)
    assert bool(decision.open_keys) == (decision.verdict == "unknown")
    assert all(request.context.get(key) is ConditionState.OPEN for key in decision.open_keys)


@relaxed
@given(worlds(), requests)
def test_what_was_not_read_never_makes_a_request_allowed(world: dict[str, Any], request: AccessRequest) -> None:
    before = decide(request, policies(world), REFERENCE)
    unread = tuple(UnreadLayer(kind, kind) for kind in ("identity", "boundary", "session", "scp", "rcp", "resource"))
    after = decide(request, replace(policies(world), unread=unread), REFERENCE, strict=True)
    assert after.verdict in (before.verdict, "unknown")
    assert after.verdict != "allowed"


@relaxed
@given(worlds(), requests)
def test_every_verdict_has_its_reasons(world: dict[str, Any], request: AccessRequest) -> None:
    decision = decide(request, policies(world), REFERENCE)
    assert decision.reasons
    if decision.verdict == "explicit-deny":
        assert {each.effect for each in decision.reasons} == {"Deny"}


hostile = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("Version", "Statement", "Effect", "Action", "Resource", "Condition", "Principal", "x", "Null")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@relaxed
@given(hostile, st.sampled_from(sorted(OPERATORS)), st.text(max_size=12), st.text(max_size=12))
def test_no_policy_and_no_value_makes_it_fail(document: Any, operator: str, wanted: str, given_value: str) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"aws:x": [wanted]}}}
    world = Policies(
        identity=(
            Policy(
                "test",
                "hostile",
                compile_document(document if isinstance(document, (dict, str)) else {"Statement": document}),
            ),
            Policy("test", "condition", compile_document({"Version": "2012-10-17", "Statement": [statement]})),
        )
    )
    assert decide(asked(USER, ACCOUNT, {"aws:x": [given_value]}), world, REFERENCE).verdict
