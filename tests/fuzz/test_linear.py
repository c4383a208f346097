"""Twice the input is twice the work, whatever is in it: counted in steps of the interpreter, not in seconds."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from koding_audit.aws import credential_report
from koding_audit.aws.credential_report import ReportFormatError
from koding_audit.aws.sources import snapshot as saved
from koding_audit.desired import load_desired
from koding_audit.io import json_text
from koding_audit.io.codec.snapshot import decode_snapshot, encode_snapshot
from koding_audit.model import wildcard
from koding_audit.model.errors import AuditError
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.policy import document
from koding_audit.policy.diff import compare_documents, patterns, truth_table
from koding_audit.policy.evaluation import AccessRequest, Context, Policies, Policy, compile_document, decide
from koding_audit.policy.evaluation.patterns import glob_matcher, parse_pattern
from tests.values import REFERENCE, live_user, snapshot

pytestmark = pytest.mark.usefixtures("unmeasured")

HEAD = "version: 1\n"


def steps(run: Callable[[], Any]) -> int:
    """How many lines and calls it takes, calls of functions in C too; an error that is ours is as good an end."""
    count = 0

    def line(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal count
        count += 1
        return line

    def call(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "c_call"

    before = sys.gettrace(), sys.getprofile()
    with contextlib.suppress(AuditError, ReportFormatError):
        sys.settrace(line)
        sys.setprofile(call)
        try:
            run()
        finally:
            sys.settrace(before[0])
            sys.setprofile(before[1])
    return count


def many(text: str, number: int, between: str = "") -> str:
    return between.join(text.replace("#", str(each)) for each in range(number))


def sets(number: int) -> str:
    return f"policy_sets:\n{many('  s#: {policies: [A, B]}' + chr(10), number)}"


STATEMENT = '{"Effect": "Allow", "Action": "s3:A#*b", "Resource": "*", "Condition": {"Bool": {"k#": "true"}}}'
FILES: Mapping[str, Callable[[int], str]] = {
    "members, a line each": lambda n: f"groups:\n  G:\n    members:\n{many('    - u#' + chr(10), n)}",
    "members in one line": lambda n: f"groups: {{G: {{members: [{many('u#', n, ', ')}]}}}}",
    "one member": lambda n: f"groups:\n  G:\n    members:\n{many('    - u' + chr(10), n)}",
    "users": lambda n: f"users:\n{many('  u#: {}' + chr(10), n)}",
    "unknown keys everywhere": lambda n: f"users:\n{many('  u#: {x#: 1}' + chr(10), n)}",
    "unknown keys in one place": lambda n: f"groups:\n  G:\n{many('    x#: 1' + chr(10), n)}",
    "unknown sets": lambda n: f"{sets(n)}groups: {{G: {{required: [{many('t#', n, ', ')}]}}}}",
    "sets": lambda n: f"{sets(n)}groups:\n{many('  g#: {required: [s#]}' + chr(10), n)}",
    "a long text": lambda n: f"groups: {{G: {{owner: '{'a' * n * 50}\u202e'}}}}",
    "inline policies": lambda n: f"groups:\n{many('  g#: {inline: {a: {Statement: ' + STATEMENT + '}}}' + chr(10), n)}",
}


@pytest.mark.parametrize("name", FILES)
def test_a_desired_state_takes_work_in_proportion(name: str, tmp_path: Path) -> None:
    def loading(size: int) -> Callable[[], Any]:
        path = tmp_path / f"{size}.yaml"
        path.write_text(HEAD + FILES[name](size), encoding="utf-8")
        return lambda: load_desired([str(path)])

    proportional(loading)


def proportional(work: Callable[[int], Callable[[], Any]]) -> None:
    steps(work(2))  # what is loaded late
    half, whole = (steps(work(size)) for size in (80, 160))
    assert whole <= 2.2 * half + 200, (half, whole)


def gaps(size: int) -> Callable[[], Any]:
    users = [live_user(f"u{each}", attached=None) for each in range(size)]
    unread = tuple(Gap(Fact.ATTACHED, "iam:X", "AccessDenied", f"user/u{each}") for each in range(size))
    query = Query(users={f"u{each}": frozenset({Fact.ATTACHED}) for each in range(size)})
    account = snapshot(*users, gaps=unread)
    return lambda: saved.restrict_snapshot(account, query)


def decoding(size: int) -> Callable[[], Any]:
    text = encode_snapshot(snapshot(*[live_user(f"u{each}") for each in range(size)]))
    return lambda: decode_snapshot(json_text.parse_json(text, "x"), "x")


def deciding(size: int) -> Callable[[], Any]:
    policy = Policy("identity policies", "x", compile_document(f'{{"Statement": [{many(STATEMENT, size, ",")}]}}'))
    request = AccessRequest("s3:Axb", "*", "arn:aws:iam::123456789012:user/a", Context.from_values({}, complete=True))
    return lambda: decide(request, Policies(identity=(policy,)), REFERENCE)


def locating(size: int) -> Callable[[], Any]:
    text = json.dumps({"k" * size * 10: [1] * size, "Statement": [{}] * size})
    return lambda: json_text.locate_in_json(text, "x", f"Statement[{size - 1}].Action")


OTHERS: Mapping[str, Callable[[int], Callable[[], Any]]] = {
    "a key twice in JSON": lambda n: (
        lambda: json_text.parse_json(f'{{"a": [{many("{}", n, ",")}], "c": 1, "c": 2}}', "x")
    ),
    "a key twice before quotes": lambda n: lambda: json_text.parse_json('{"c": 1, "c": 2}' + '"\\"' * n, "x"),
    "NaN in JSON": lambda n: lambda: json_text.parse_json(f"[{many('1', n, ',')}, NaN]", "x"),
    "a place in JSON": locating,
    "a credential report": lambda n: (
        lambda: credential_report.parse_credential_report(f"user,a\n{many('u#,b' + chr(10), n)}u1,c\n".encode())
    ),
    "a document": lambda n: lambda: document.parse_document(f'{{"Statement": [{many(STATEMENT, n, ",")}]}}'),
    "a document's keys": lambda n: (
        lambda: document.parse_document(f'{{{many(chr(34) + "a#" + chr(34) + ": 1", n, ",")}, "a1": 1}}')
    ),
    "a decision": deciding,
    "a name's pattern": lambda n: lambda: wildcard.matches_wildcard("*a" * n + "b", "a" * n * 5),
    "a policy's pattern": lambda n: (
        lambda: glob_matcher(parse_pattern("*a?" * n + "b", wildcards=True, variables=False))("a" * n * 5)
    ),
    "variables that do not end": lambda n: lambda: parse_pattern("${a:b}" * n + "${", wildcards=True, variables=True),
    "a saved account": decoding,
    "a saved account's gaps": gaps,
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_read_takes_work_in_proportion(name: str) -> None:
    proportional(OTHERS[name])


def test_patterns_that_combine_without_end_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MOST_WORK", 400)

    def comparing(size: int) -> Callable[[], Any]:
        old = document.parse_document(
            {"Statement": [{"Effect": "Allow", "Action": "s3:" + "*a" * size, "Resource": "*"}]}
        )
        new = document.parse_document(
            {"Statement": [{"Effect": "Allow", "Action": "s3:" + "*a*b" * size, "Resource": "*"}]}
        )
        assert size < 80 or compare_documents(old, new).verdict == "undecided"
        return lambda: compare_documents(old, new)

    proportional(comparing)


def test_statements_without_end_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth_table, "MOST_TERMS", 30)
    statements = [many(STATEMENT.replace("A#*b", "*").replace("k#", key), 40, ",") for key in ("j#", "k#")]
    old, new = (document.parse_document(f'{{"Statement": [{each}]}}') for each in statements)
    found = compare_documents(old, new)
    assert (found.verdict, found.why) == ("undecided", "more than 30 statements apply")
