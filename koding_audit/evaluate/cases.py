"""Policy unit tests as JSON lines: each line a complete request with every policy that bears on it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from koding_audit.errors import InputError
from koding_audit.evaluate.decision import decide
from koding_audit.evaluate.model import Context, Decision, Policies, Policy, Request, Verdict
from koding_audit.evaluate.statements import compiled
from koding_audit.frozen import dataclass
from koding_audit.jsontext import Item, read_json, write_json
from koding_audit.model import Source

_DENIED: tuple[Verdict, ...] = ("explicit-deny", "implicit-deny")
# What a case may expect, in its own spelling and in ours.
_EXPECTED: Mapping[str, tuple[Verdict, ...]] = {
    "allowed": ("allowed",),
    "denied": _DENIED,
    "explicitDeny": ("explicit-deny",),
    "explicit-deny": ("explicit-deny",),
    "implicitDeny": ("implicit-deny",),
    "implicit-deny": ("implicit-deny",),
    "unknown": ("unknown",),
}
_FIELDS = ("id", "request", "identityPolicies", "resourcePolicy", "boundary", "scps", "rcps", "session", "expected")
_REQUEST_FIELDS = ("action", "resource", "principal", "resourceAccount", "context")
_MANAGEMENT = "aws:principalorgmasteraccountid"


@dataclass(frozen=True, slots=True)
class Case:
    """expected: the word of the case, "" where it expects nothing."""

    id: str
    request: Request
    policies: Policies
    expected: str
    source: Source

    def decide(self) -> Decision:
        return decide(self.request, self.policies)

    def accepts(self, verdict: Verdict) -> bool:
        return not self.expected or verdict in _EXPECTED[self.expected]


def read_cases(text: str, path: str) -> Iterator[Case]:
    """The cases of a file, in its order. Raises InputError with line and column; empty lines are skipped."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if line.strip():
            yield _read(line, path, number)


def line_of(case: Case, decision: Decision) -> str:
    """The answer to a case as one line of JSON: id, verdict, because."""
    reasons = [
        {
            "layer": each.layer,
            "policy": each.policy,
            "statement": each.statement,
            "sid": each.sid,
            "effect": each.effect,
            "why": each.why,
        }
        for each in decision.because
    ]
    return write_json({"id": case.id, "verdict": decision.verdict, "because": reasons})


def _read(line: str, path: str, number: int) -> Case:
    try:
        return _case(Item(read_json(line, path), ""), Source(path, number, 1))
    except InputError as error:
        column = error.location.column if error.location else 1
        message = error.message.removeprefix(f"{path}: ")
        raise InputError(message, "one case a line, as JSON", Source(path, number, column)) from error


def _case(item: Item, source: Source) -> Case:
    found = _known(item, _FIELDS, {"id": f"line {source.line}"})
    request = _request(found["request"])
    return Case(
        id=found["id"].text(),
        request=request,
        policies=Policies(
            identity=_policies(found["identityPolicies"], "identity") or (),
            boundary=_policies(found["boundary"], "permissions boundary"),
            session=_policies(found["session"], "session"),
            scps=_levels(found["scps"], "SCP"),
            rcps=_levels(found["rcps"], "RCP"),
            resource=_policies(found["resourcePolicy"], "resource") or (),
            management_account="".join(request.context.values.get(_MANAGEMENT, ())),
        ),
        expected=found["expected"].choice(_EXPECTED) if found["expected"].value is not None else "",
        source=source,
    )


def _request(item: Item) -> Request:
    found = _known(item, _REQUEST_FIELDS, {"resourceAccount": "", "context": {}})
    context = {key: _values(each) for key, each in found["context"].mapping().items()}
    return Request(
        action=found["action"].text(),
        resource=found["resource"].text(),
        principal=found["principal"].text(),
        context=Context.of(context, complete=True),
        resource_account=found["resourceAccount"].text(),
    )


def _known(item: Item, names: Sequence[str], defaults: Mapping[str, object]) -> dict[str, Item]:
    """The named fields, null where there is none. Others are remarks, unless they look like one that is misspelt."""
    found = item.mapping()
    for name in found.keys() - set(names):
        meant = difflib.get_close_matches(name.lower(), [each.lower() for each in names], 1, 0.7)
        if meant:
            _misspelt(item, name, next(each for each in names if each.lower() == meant[0]))
    start = f"{item.where}." if item.where else ""
    given = {name: each.value for name, each in found.items() if each.value is not None}
    return {name: Item(given.get(name, defaults.get(name)), "", f"{start}{name}") for name in names}


def _misspelt(item: Item, name: str, meant: str) -> NoReturn:
    item.refuse(f"unknown key {name}: is {meant} meant?")


def _values(item: Item) -> tuple[str, ...]:
    """A key's value or values as text; null: none."""
    if item.value is None:
        return ()
    listed = item.items() if isinstance(item.value, list) else [item]
    return tuple(_scalar(each) for each in listed)


def _scalar(item: Item) -> str:
    if isinstance(item.value, str):
        return item.value
    if isinstance(item.value, (bool, int, float)):
        return write_json(item.value)
    return item.refuse("text, a number, true or false is needed")


def _levels(item: Item, layer: str) -> tuple[tuple[Policy, ...], ...]:
    if item.value is None:
        return ()
    levels = enumerate(item.items(), start=1)
    return tuple(_policies(each, f"{layer} level {number}") or () for number, each in levels)


def _policies(item: Item, layer: str) -> tuple[Policy, ...] | None:
    """Documents that stand in one place, or the only one; None for null."""
    if item.value is None:
        return None
    return tuple(_policy(each, layer) for each in (item.items() if isinstance(item.value, list) else [item]))


def _policy(item: Item, layer: str) -> Policy:
    if not isinstance(item.value, (dict, str)):
        item.refuse("a policy document is needed")
    return Policy(layer, item.where, compiled(item.value))
