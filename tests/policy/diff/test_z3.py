"""The comparison against a solver, on pairs that are too large to try every request. `make diff-sweep` installs z3."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from koding_audit.policy.diff import compare_documents
from koding_audit.policy.document import parse_document
from tests.policy.diff.oracle import ASPECTS, Json, document, listed, varied

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unmeasured")]

PAIRS = int(os.environ.get("DIFF_Z3_PAIRS", "6"))
SECONDS = 5
ABSENT = "(no value)"

z3 = pytest.importorskip("z3", reason="the extra `oracle` is not installed")

ACTIONS = st.sampled_from(
    [
        *("*", "*:*", "s3:*", "s3:Get*", "s3:GetObject", "s3:GetObjectAcl", "s3:*Object", "s3:?etObject", "s3:List*"),
        *("ec2:*", "ec2:Describe*", "ec2:DescribeInstances", "ec2:*Instances", "ec2:RunInstances", "*:Get*", "e*:*"),
        *("iam:PassRole", "iam:*Role*", "iam:Get*"),
    ]
)
RESOURCES = st.sampled_from(
    [
        *(
            "*",
            "arn:aws:s3:::*",
            "arn:aws:s3:::logs",
            "arn:aws:s3:::logs/*",
            "arn:aws:s3:::logs/2*",
            "arn:*:s3:::l?gs/*",
        ),
        *("arn:aws:s3:::*/public/*", "arn:aws:s3:::logs/*.gz", "arn:aws:s3*:::logs/*", "arn:aws:ec2:*:*:instance/*"),
        *(
            "arn:aws:ec2:us-east-1:*:*",
            "arn:aws:ec2:us-*-1:*:instance/*",
            "arn:aws:iam::*:role/team-?",
            "arn:aws:iam::*",
        ),
        *("arn:aws:iam::123456789012:role/*", "arn:aws*:ec2:*:*:instance/i-1", "arn:aws:ec2:*:*:*/i-?"),
    ]
)
TESTS = st.tuples(
    st.sampled_from(["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists"]),
    st.sampled_from(["s3:prefix", "ec2:Owner", "iam:PassedToService"]),
    st.lists(
        st.sampled_from(["home", "home/*", "*/tmp", "amazon", "a?azon", "self"]), min_size=1, max_size=3, unique=True
    ),
)


@st.composite
def statement(draw: st.DrawFn) -> Json:
    found: Json = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    for name, one in (("Action", ACTIONS), ("Resource", RESOURCES)):
        negated = draw(st.integers(0, 5)) == 5
        found[f"Not{name}" if negated else name] = draw(st.lists(one, min_size=1, max_size=5, unique=True))
    for operator, key, values in draw(st.lists(TESTS, max_size=2)):
        found.setdefault("Condition", {}).setdefault(operator, {})[key] = values
    return found


@st.composite
def pair(draw: st.DrawFn) -> tuple[Json, Json]:
    old = draw(st.lists(statement(), min_size=2, max_size=5))
    return document(old), document(varied(draw, old, ACTIONS, RESOURCES))


@settings(max_examples=PAIRS, deadline=None, suppress_health_check=list(HealthCheck))
@given(pair())
def test_a_solver_finds_the_same_differences(documents: tuple[Json, Json]) -> None:
    found = compare_documents(*map(parse_document, documents))
    truth = solved(*documents)
    said = {aspect for aspect in ASPECTS if getattr(found, aspect)}
    assert not [aspect for aspect in said if truth[aspect] == z3.unsat]
    assume(z3.unknown not in truth.values())
    if not found.why:
        assert not [aspect for aspect in set(ASPECTS) - said if truth[aspect] == z3.sat]


def test_the_solver_tells_apart_what_differs_and_what_does_not() -> None:
    one = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
    assert solved(document([one]), document([one, {**one, "Action": "s3:GetObject"}]))["gained"] == z3.unsat
    assert solved(document([one]), document([{**one, "Action": "s3:*"}]))["gained"] == z3.sat


def solved(old: Json, new: Json) -> dict[str, Any]:
    """For each aspect z3's answer: is there a request that shows it."""
    (allows, denies), (then_allows, then_denies) = formulas(old), formulas(new)
    wanted = {
        "gained": z3.And(then_allows, z3.Not(allows)),
        "lost": z3.And(allows, z3.Not(then_allows)),
        "forbidden": z3.And(then_denies, z3.Not(denies), z3.Not(allows)),
        "released": z3.And(denies, z3.Not(then_denies), z3.Not(then_allows)),
    }
    return {aspect: answer(formula) for aspect, formula in wanted.items()}


def answer(formula: Any) -> Any:
    """Of the formula over propositions, each model is held against what texts can match together, until one can be."""
    solver = z3.Solver()
    solver.add(formula)
    while solver.check() == z3.sat:
        model = solver.model()
        matched: dict[str, set[tuple[str, bool]]] = {}
        for each in model:
            what, _, pattern = each.name().partition(" ")
            matched.setdefault(what, set()).add((pattern, z3.is_true(model[each])))
        cores = [contradiction(what, frozenset(pairs)) for what, pairs in matched.items()]
        if not any(cores):
            return z3.unknown if None in cores else z3.sat
        for core in filter(None, cores):
            solver.add(z3.Or([z3.Not(z3.Bool(name)) if truth else z3.Bool(name) for name, truth in core]))
    return z3.unsat


@cache
def contradiction(what: str, pairs: frozenset[tuple[str, bool]]) -> frozenset[tuple[str, bool]] | None:
    """Propositions that no one text meets together; none where one does, None where z3 does not know."""
    solver = z3.Solver()
    solver.set("timeout", SECONDS * 1000)
    text = z3.String(what)
    solver.add(text != "", z3.InRe(text, expression("?*:?*", False)) if what == "action" else True)
    names = {f"{what} {pattern}": (pattern, truth) for pattern, truth in sorted(pairs)}
    for name, (pattern, truth) in names.items():
        holds = meant(what, pattern, text)
        solver.assert_and_track(holds if truth else z3.Not(holds), name)
    found = solver.check()
    if found == z3.unknown:
        return None
    return (
        frozenset((str(each), names[str(each)][1]) for each in solver.unsat_core())
        if found == z3.unsat
        else frozenset()
    )


def meant(what: str, pattern: str, text: Any) -> Any:
    """What a proposition says of a text. A key that is absent is told by a text of its own."""
    if what in ("action", "resource"):
        return z3.InRe(text, resource(pattern) if what == "resource" else expression(pattern, False))
    kind, _, value = pattern.partition(" ")
    if kind == "absent":
        return text == ABSENT
    return z3.And(text != ABSENT, z3.InRe(text, expression(value, False)) if kind == "like" else text == value)


def formulas(policy: Json) -> tuple[Any, Any]:
    """When it allows, and when it denies explicitly."""
    effects: dict[str, list[Any]] = {"Allow": [], "Deny": []}
    for each in policy["Statement"]:
        tests = [
            condition(operator, key, values)
            for operator, keys in each.get("Condition", {}).items()
            for key, values in keys.items()
        ]
        effects[each["Effect"]].append(z3.And(element(each, "Action"), element(each, "Resource"), *tests))
    denies = z3.Or(effects["Deny"])
    return z3.And(z3.Or(effects["Allow"]), z3.Not(denies)), denies


def element(policy: Json, name: str) -> Any:
    what = name.lower()
    if name in policy:
        return z3.Or([z3.Bool(f"{what} {each.lower() if what == 'action' else each}") for each in listed(policy[name])])
    return z3.Not(element({name: policy[f"Not{name}"]}, name))


def condition(operator: str, key: str, values: list[str]) -> Any:
    if operator.endswith("IfExists"):
        return z3.Or(z3.Bool(f"{key} absent "), condition(operator.removesuffix("IfExists"), key, values))
    if "Not" in operator:
        return z3.Not(condition(operator.replace("Not", ""), key, values))
    kind = "like" if operator == "StringLike" else "equals"
    return z3.Or([z3.Bool(f"{key} {kind} {value}") for value in values])


def expression(pattern: str, inside: bool) -> Any:
    """inside: wildcards stop at colons."""
    every = z3.AllChar(z3.ReSort(z3.StringSort()))
    one = z3.Diff(every, z3.Re(":")) if inside else every
    parts = [z3.Star(one) if each == "*" else one if each == "?" else z3.Re(each) for each in pattern]
    return z3.Concat(z3.Re(""), *parts)


def resource(pattern: str) -> Any:
    """A wildcard in the first five segments of an ARN stays in its own, if any is there that does not end it."""
    *head, rest = pattern.split(":", 5)
    if len(head) < 5 or not any("?" in each or "*" in each[:-1] for each in head):
        return expression(pattern, False)
    return z3.Concat(expression(":".join(head) + ":", True), expression(rest, False))
