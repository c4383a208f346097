"""Explains a verdict: the statements that decide it, and why similar statements do not apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from koding_audit.policy.evaluation.layers import Layer, ParsedRequest, StatementHit
from koding_audit.policy.evaluation.request import AccessVerdict, Decision, Reason, UnreadLayer
from koding_audit.policy.evaluation.ternary import Unsure

UnknownCause = Literal["keys", "scp", "rcp", "resource", "session", "identity", "requester", "data", "statement"]
"""Why a verdict is unknown.

keys: keys of the request have no value, or not one that can be compared.
scp, rcp, resource, session, identity: policies that were not read; identity includes boundaries.
requester: a statement names principals, and the requester may or may not be one of them.
data: the data of this tool do not have it.
statement: the result of a statement is not documented.
"""
DATA_CLAUSE = "this tool's data are of"
_NOT_READ = "was not read"
_DEPENDS_ON = "depends on "
_CLAUSES: Mapping[str, UnknownCause] = {
    DATA_CLAUSE: "data",
    _DEPENDS_ON: "keys",
    " has several values": "keys",
    " has no value": "keys",
    ": the value in the request": "keys",
    "may or may not include the requester": "requester",
}
_MOST_NEAR_MISSES = 5  # for each layer; more do not help


def explain_verdict(
    verdict: AccessVerdict,
    layers: Sequence[Layer],
    parsed: ParsedRequest,
    unread: Iterable[UnreadLayer],
    *,
    resource_required: bool,
) -> tuple[Reason, ...]:
    """The reasons of a verdict, by layer, in the order of AWS's evaluation."""
    if verdict == "explicit-deny":
        return tuple(_hit_reason(each, "denies") for each in _hits_with_effect(layers, "Deny") if each.truth is True)
    if verdict == "allowed":
        found = tuple(_hit_reason(each, "allows") for each in _hits_with_effect(layers, "Allow") if each.truth is True)
        root = Reason("AWS", "", None, "", "", "the root user may do everything in its account")
        return (*found, root) if parsed.requester.kind == "root" else found
    if verdict == "unknown":
        return (*_unsure_reasons(layers), *(Reason(each.what, "", None, "", "", _NOT_READ) for each in unread))
    found = tuple(_missing_allow_reasons(layers, parsed, resource_required=resource_required))
    return found or (Reason("AWS", "", None, "", "", "a federated user's session has no policy of its own"),)


def find_layers_without_allow(decision: Decision) -> tuple[str, ...]:
    """The layers in which no statement allows, each once, of a request that nothing denies."""
    return tuple(dict.fromkeys(each.layer for each in decision.reasons if each.statement is None))


def find_unknown_causes(decision: Decision) -> frozenset[UnknownCause]:
    """Why a verdict is unknown, by its reasons."""
    of_reasons: Iterator[UnknownCause] = (cause for each in decision.reasons for cause in _causes_of_reason(each))
    return frozenset((*of_reasons, "keys")) if decision.open_keys else frozenset(of_reasons)


def _causes_of_reason(reason: Reason) -> Iterator[UnknownCause]:
    if reason.why == _NOT_READ:
        named: Iterator[UnknownCause] = (kind for kind in ("scp", "rcp", "resource", "session") if kind == reason.layer)
        yield next(named, "identity")
        return
    for clause in reason.why.split("; "):
        yield next((cause for text, cause in _CLAUSES.items() if text in clause), "statement")


def _hits_with_effect(layers: Iterable[Layer], effect: str) -> Iterator[StatementHit]:
    return (hit for layer in layers for hit in layer.hits if hit.statement.effect == effect)


def _hit_reason(hit: StatementHit, why: str) -> Reason:
    return Reason(hit.policy.layer, hit.policy.name, hit.statement.index, hit.statement.sid, hit.statement.effect, why)


def _unsure_reasons(layers: Iterable[Layer]) -> Iterator[Reason]:
    for layer in layers:
        for hit in layer.hits:
            if isinstance(hit.truth, Unsure):
                keys = f"{_DEPENDS_ON}{', '.join(sorted(hit.truth.keys))}" if hit.truth.keys else ""
                yield _hit_reason(hit, "; ".join(each for each in (keys, *sorted(hit.truth.problems)) if each))


def _missing_allow_reasons(
    layers: Iterable[Layer], parsed: ParsedRequest, *, resource_required: bool
) -> Iterator[Reason]:
    """Yield the layers in which no statement allows, each with statements that allow the action otherwise."""
    for layer in layers:
        if layer.allow is not False or (layer.kind == "resource" and not resource_required):
            continue
        yield Reason(
            layer.name,
            layer.limiting_policies,
            None,
            "",
            "",
            f"no statement allows {parsed.written_action} on {parsed.resource}",
        )
        for hit in [each for each in layer.near_misses if each.statement.effect == "Allow"][:_MOST_NEAR_MISSES]:
            yield _hit_reason(hit, _describe_near_miss(hit, parsed))


def _describe_near_miss(hit: StatementHit, parsed: ParsedRequest) -> str:
    if hit.missed == "action":
        unclear = hit.statement.unclear_action(parsed.action, parsed.service)
        return f"{unclear} names no service, so it matches no action"
    failing = hit.statement.failing_conditions(parsed.context) if hit.missed == "condition" else ""
    return f"its condition is not met: {failing}" if failing else "is about another resource"
