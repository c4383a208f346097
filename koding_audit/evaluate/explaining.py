"""Why: the statements behind a verdict, and what keeps those from applying that nearly do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from koding_audit.evaluate.layers import Hit, Layer, Question
from koding_audit.evaluate.model import Because, Unread, Verdict
from koding_audit.evaluate.truth import Unsure

_NEAR = 5  # statements of a layer that nearly apply: more explain nothing


def because(
    verdict: Verdict, layers: Sequence[Layer], asked: Question, unread: Iterable[Unread], *, resource_required: bool
) -> tuple[Because, ...]:
    """The reasons of a verdict, layer by layer in the order in which AWS looks."""
    if verdict == "explicit-deny":
        return tuple(_hit(each, "denies") for each in _hits(layers, "Deny") if each.truth is True)
    if verdict == "allowed":
        found = tuple(_hit(each, "allows") for each in _hits(layers, "Allow") if each.truth is True)
        root = Because("AWS", "", None, "", "", "the root user may do everything in its account")
        return (*found, root) if asked.who.kind == "root" else found
    if verdict == "unknown":
        return (*_unsure(layers), *(Because(each.what, "", None, "", "", "was not read") for each in unread))
    found = tuple(_missing(layers, asked, resource_required=resource_required))
    return found or (Because("AWS", "", None, "", "", "a federated user's session has no policy of its own"),)


def _hits(layers: Iterable[Layer], effect: str) -> Iterator[Hit]:
    return (hit for layer in layers for hit in layer.hits if hit.rule.effect == effect)


def _hit(hit: Hit, why: str) -> Because:
    return Because(hit.policy.layer, hit.policy.name, hit.rule.index, hit.rule.sid, hit.rule.effect, why)


def _unsure(layers: Iterable[Layer]) -> Iterator[Because]:
    for layer in layers:
        for hit in layer.hits:
            if isinstance(hit.truth, Unsure):
                keys = f"depends on {', '.join(sorted(hit.truth.keys))}" if hit.truth.keys else ""
                yield _hit(hit, "; ".join(each for each in (keys, *sorted(hit.truth.problems)) if each))


def _missing(layers: Iterable[Layer], asked: Question, *, resource_required: bool) -> Iterator[Because]:
    """The layers in which nothing allows, each with the statements that nearly do."""
    for layer in layers:
        if layer.allow is not False or (layer.kind == "resource" and not resource_required):
            continue
        yield Because(layer.name, layer.limits, None, "", "", f"no statement allows {asked.said} on {asked.resource}")
        for hit in [each for each in layer.near if each.rule.effect == "Allow"][:_NEAR]:
            failing = hit.rule.failing(asked.context) if hit.missed == "condition" else ""
            yield _hit(hit, f"its condition is not met: {failing}" if failing else "is about another resource")
