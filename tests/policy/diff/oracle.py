"""Policies read the slow way: every request of a small world, one by one. It shares nothing with what it judges."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
Context = Mapping[str, str]

# A letter that no pattern has stands for all of them; texts longer than a pattern and a letter more tell nothing new.
NAMES = ["".join(letters) for length in (1, 2, 3) for letters in itertools.product("abz", repeat=length)]
ACTIONS = [f"{service}:{name}" for service in "stz" for name in NAMES]
RESOURCES = ["".join(letters) for length in (1, 2, 3, 4) for letters in itertools.product("abz", repeat=length)]
CONTEXTS = [
    {key: value for key, value in (("k", k), ("m", m)) if value is not None}
    for k, m in itertools.product((None, *RESOURCES[:12], "azb", "a*", "*b", "?"), repeat=2)
]
ASPECTS = ("gained", "lost", "forbidden", "released")

Rows = set[tuple[bool, bool, bool, bool]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def glob(pattern: str, text: str) -> bool:
    expression = "".join(".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def element(statement: Json, name: str, test: Callable[[str], bool]) -> bool:
    if name in statement:
        return any(map(test, listed(statement[name])))
    return not any(map(test, listed(statement[f"Not{name}"])))


def holds(statement: Json, context: Context) -> bool:
    return all(
        one(operator, context.get(key), listed(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def one(operator: str, given: str | None, values: list[str]) -> bool:
    if operator == "Null":
        return ("true" if given is None else "false") in values
    if operator.endswith("IfExists"):
        return given is None or one(operator.removesuffix("IfExists"), given, values)
    if operator.startswith("ForAllValues:"):
        return given is None or one(operator.removeprefix("ForAllValues:"), given, values)
    if operator.startswith("ForAnyValue:"):
        return given is not None and one(operator.removeprefix("ForAnyValue:"), given, values)
    if "Not" in operator:
        return not one(operator.replace("Not", "", 1), given, values)
    compare = glob if operator == "StringLike" else str.__eq__
    return given is not None and any(compare(value, given) for value in values)


def verdicts(document: Json, applies: Iterable[bool]) -> tuple[bool, bool]:
    """Whether it is allowed, and whether it is denied explicitly."""
    effects = {
        each["Effect"] for each, applying in zip(listed(document["Statement"]), applies, strict=True) if applying
    }
    return effects == {"Allow"}, "Deny" in effects


def aspects_of(
    old: Json, new: Json, resources: Iterable[str] = RESOURCES, actions: Iterable[str] = ACTIONS
) -> set[str]:
    """The names of the differences that some request shows."""
    statements = [*listed(old["Statement"]), *listed(new["Statement"])]
    middle = len(listed(old["Statement"]))
    by_action = rows(
        statements, actions, lambda each, action: element(each, "Action", lambda p: glob(p.lower(), action))
    )
    by_resource = rows(statements, resources, lambda each, text: element(each, "Resource", lambda p: glob(p, text)))
    by_context = rows(statements, CONTEXTS, holds)
    found: set[str] = set()
    for parts in itertools.product(by_action, by_resource, by_context):
        applies = [all(each) for each in zip(*parts, strict=True)]
        before, after = verdicts(old, applies[:middle]), verdicts(new, applies[middle:])
        found.update(told(before, after))
    return found


def told(before: tuple[bool, bool], after: tuple[bool, bool]) -> Iterator[str]:
    if after[0] and not before[0]:
        yield "gained"
    if before[0] and not after[0]:
        yield "lost"
    if after[1] and not before[1] and not before[0]:
        yield "forbidden"
    if before[1] and not after[1] and not after[0]:
        yield "released"


def rows(statements: list[Json], every: Iterable[Any], test: Callable[[Json, Any], bool]) -> set[tuple[bool, ...]]:
    """How the statements answer, each answer of all of them once."""
    return {tuple(test(statement, each) for statement in statements) for each in every}


# --- variables: the resource and the condition depend on each other ------------------------------

_VARIABLE = re.compile(r"\$\{(\w)\}")
SHORT = [each for each in RESOURCES if len(each) < 4]


def contexts_with(values: Iterable[str | None]) -> list[Context]:
    """Every context in which each of the two keys has one of these values; None for a key that is not there."""
    pairs = itertools.product(tuple(values), repeat=2)
    return [{key: value for key, value in (("k", k), ("m", m)) if value is not None} for k, m in pairs]


FEW_CONTEXTS = contexts_with((None, "", "a", "b", "z", "ab", "zz"))
# A pattern of three characters can tell apart any values as long as itself.
MANY_CONTEXTS = contexts_with(
    (None, *("".join(letters) for size in range(4) for letters in itertools.product("abz", repeat=size)))
)


def filled(statement: Json, context: Context) -> Json:
    """The statement of this request: a value whose variable has no value matches nothing."""
    found = {**statement}
    for name in {"Resource", "NotResource"} & statement.keys():
        found[name] = filled_texts(statement[name], context)
    if "Condition" in statement:
        found["Condition"] = {
            operator: {key: filled_texts(values, context) for key, values in keys.items()}
            for operator, keys in statement["Condition"].items()
        }
    return found


def filled_texts(texts: Any, context: Context) -> list[str]:
    return [
        _VARIABLE.sub(lambda match: context[match[1]], text)
        for text in listed(texts)
        if all(name in context for name in _VARIABLE.findall(text))
    ]


def aspects_with_variables(old: Json, new: Json, contexts: Sequence[Context] = FEW_CONTEXTS) -> set[str]:
    """The names of the differences that some request shows, in a smaller world of these contexts."""
    statements = [*listed(old["Statement"]), *listed(new["Statement"])]
    middle = len(listed(old["Statement"]))
    by_action = rows(
        statements, ACTIONS, lambda each, action: element(each, "Action", lambda p: glob(p.lower(), action))
    )
    by_request = set()
    for context in contexts:
        ours = [filled(each, context) for each in statements]
        held = [holds(each, context) for each in ours]
        matched = rows(ours, SHORT, lambda each, text: element(each, "Resource", lambda p: glob(p, text)))
        by_request |= {tuple(one and other for one, other in zip(held, row, strict=True)) for row in matched}
    found: set[str] = set()
    for parts in itertools.product(by_action, by_request):
        applies = [all(each) for each in zip(*parts, strict=True)]
        found.update(told(verdicts(old, applies[:middle]), verdicts(new, applies[middle:])))
    return found


# --- random documents ---------------------------------------------------------------------------

_ACTION = st.sampled_from(["*", "*:*", "s:*", "S:A*", "s:a", "s:ab", "s:?", "s:*b", "t:*", "t:b", "s:?b", "s:a?"])
_RESOURCE = st.text(alphabet="ab*?", min_size=1, max_size=3)
_VALUES = st.lists(st.sampled_from(["a", "b", "ab", "z", "a*", "*b", "?"]), min_size=1, max_size=2, unique=True)
_OPERATOR = st.sampled_from(
    [
        *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists"),
        *(
            "StringNotLikeIfExists",
            "ForAllValues:StringEquals",
            "ForAnyValue:StringLike",
            "ForAnyValue:StringNotEquals",
        ),
        "ForAllValues:StringNotLike",
    ]
)
_TEST = st.tuples(_OPERATOR, st.sampled_from("km"), _VALUES) | st.tuples(
    st.just("Null"), st.sampled_from("km"), st.sampled_from([["true"], ["false"]])
)


@st.composite
def statement(draw: st.DrawFn) -> Json:
    found: Json = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    for name, one_pattern in (("Action", _ACTION), ("Resource", _RESOURCE)):
        negated = draw(st.integers(0, 5)) == 5
        found[f"Not{name}" if negated else name] = draw(st.lists(one_pattern, min_size=1, max_size=3, unique=True))
    for operator, key, values in draw(st.lists(_TEST, max_size=2)) if draw(st.booleans()) else ():
        found.setdefault("Condition", {}).setdefault(operator, {})[key] = values
    return found


def document(statements: list[Json]) -> Json:
    return {"Version": "2012-10-17", "Statement": statements}


@st.composite
def pair_with_variables(draw: st.DrawFn) -> tuple[Json, Json]:
    """Two documents with a few variables, of which the second is the first with a few changes."""
    old = draw(st.lists(statement(), min_size=1, max_size=3))
    for each in old:
        name = "Resource" if "Resource" in each else "NotResource"
        each[name] = [*each[name][:1], draw(st.sampled_from(["${k}", "a${k}", "${k}*", "${k}b*", "${m}?", "b${m}"]))]
        operator = draw(st.sampled_from(["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists", ""]))
        values = st.lists(st.sampled_from(["${k}", "${m}", "a", "b", "ab"]), min_size=1, max_size=2, unique=True)
        each["Condition"] = {operator: {draw(st.sampled_from("km")): draw(values)}} if operator else {}
    with_variables = _RESOURCE | st.sampled_from(["${k}", "${m}*", "a${k}"])
    new = varied(draw, old, _ACTION, with_variables)
    if draw(st.booleans()):  # another key, the values of which hold a variable
        new = json.loads(json.dumps(new).replace('"k": ["${m}"]', '"m": ["${k}"]'))
    return document(old), document(new)


@st.composite
def pair(draw: st.DrawFn) -> tuple[Json, Json]:
    """Two documents: as often as not the second is the first with a few changes."""
    old = draw(st.lists(statement(), min_size=1, max_size=3))
    if draw(st.booleans()):
        return document(old), document(draw(st.lists(statement(), min_size=1, max_size=3)))
    return document(old), document(varied(draw, old, _ACTION, _RESOURCE))


def varied(draw: st.DrawFn, statements: list[Json], *patterns: st.SearchStrategy[str]) -> list[Json]:
    """The same statements with a few changes, most of which change nothing or little."""
    found: list[Json] = json.loads(json.dumps(statements))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(found) - 1))
        kind = draw(st.sampled_from(["Action", "Resource"]))
        name = kind if kind in found[at] else f"Not{kind}"
        values = found[at][name]
        match draw(st.sampled_from(["split", "extend", "reverse", "drop", "repeat"])):
            case "split" if len(values) > 1:  # says the same, but of a Not element
                found[at : at + 1] = [{**found[at], name: values[:1]}, {**found[at], name: values[1:]}]
            case "extend":
                found[at] = {**found[at], name: [*values, draw(patterns[kind == "Resource"])]}
            case "reverse":
                found.reverse()
            case "drop" if len(found) > 1:
                del found[at]
            case "repeat":
                found.append({**found[at], name: values[:1]})
    return found
