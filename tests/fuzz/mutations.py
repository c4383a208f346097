"""What a fuzzer makes of a value that is good: wrong types, members that lack or are new, huge and hostile texts."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
"""How many examples a property gets; 0: few, as `make test` wants it. `make fuzz` sets thousands."""

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["", "*", "${", "${aws:username}", "arn:", "arn:aws:iam::aws:policy/", "\ud800", "\x1b[31m",
                     "9" * 400, "user/a", "2026-11-23T20:00:00Z", "v1", "aws", "[" * 2000, "x" * 5000]),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
)  # fmt: skip


def few(examples: int) -> settings:
    """Settings of a property with so many examples in `make test`."""
    return settings(
        max_examples=EXAMPLES or examples,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each part of a JSON value, the whole of it first."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inner:
        yield from places(each, (*at, step))


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """The value with one to three changes somewhere in it."""
    changed = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(list(places(changed))))
        changed = _with(changed, way, draw(st.sampled_from(["put", "drop", "add", "twin"])), draw(JUNK))
    return changed


def _with(value: Any, way: tuple[Any, ...], change: str, junk: Any) -> Any:
    if not way:
        return junk if change == "put" else value
    holder = value
    for step in way[:-1]:
        holder = holder[step]
    last = way[-1]
    if change == "drop":
        del holder[last]
    elif change == "add" and isinstance(holder[last], dict):
        holder[last][str(junk)[:20]] = junk
    elif change == "twin" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]))
    else:
        holder[last] = junk
    return value


DOCUMENT: Any = {
    "Version": "2012-10-17",
    "Id": "x",
    "Statement": [
        {
            "Sid": "A",
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:?et${aws:username}"],
            "Resource": ["*", "arn:aws:s3:::b/${aws:username, 'x'}/*"],
            "Condition": {
                "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a*b*c", "${*}"]},
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
                "DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"},
                "NumericLessThan": {"s3:max-keys": 10},
                "Bool": {"aws:SecureTransport": True},
                "Null": {"aws:SourceVpc": "false"},
                "ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"},
                "BinaryEquals": {"k": "QmluYXJ5"},
            },
        },
        {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b", "NotPrincipal": {"AWS": ["1", "*"]}},
    ],
}
