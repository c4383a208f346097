"""Divides actions, service by service, into classes that match the same patterns; needs no list of actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from koding_audit.model.frozen import dataclass
from koding_audit.policy.diff.patterns import PatternSpace, Region, pattern_tokens
from koding_audit.policy.document import Patterns

_ANY_SERVICE = ""


@dataclass(frozen=True, slots=True)
class ActionClass:
    """Actions that match the same patterns.

    labels: the longest pattern that each of them matches, as written, or `*`.
    old: the scopes of the old side's statements about them, by number.
    new: the scopes of the new side's statements about them, by number.
    """

    labels: tuple[str, ...]
    old: frozenset[int]
    new: frozenset[int]


@dataclass(frozen=True, slots=True)
class _ServiceElement:
    """The part of an Action or NotAction element that is about one service.

    patterns: those that can match an action of the service.
    negated: whether this is NotAction.
    scope: the number of its statement's scope.
    """

    patterns: frozenset[str]
    negated: bool
    scope: int


class ActionElements:
    """The Action elements of two sides, each with the number of its statement's scope."""

    def __init__(self, old: Sequence[tuple[Patterns, int]], new: Sequence[tuple[Patterns, int]]) -> None:
        self._spellings = _written_patterns(patterns for patterns, _ in (*old, *new))
        self._old = [(_patterns_by_service(patterns.values), patterns.negated, scope) for patterns, scope in old]
        self._new = [(_patterns_by_service(patterns.values), patterns.negated, scope) for patterns, scope in new]

    def classes(self) -> Iterator[ActionClass]:
        """Yield the classes of each service on which the two sides differ. Raises TooManyStates."""
        services = {service for known, _, _ in (*self._old, *self._new) for service in known} - {_ANY_SERVICE}
        for service in (*sorted(services), _ANY_SERVICE):
            old, new = (_service_elements(side, service) for side in (self._old, self._new))
            if old != new:
                elements = sorted({part.patterns for part in old | new}, key=sorted)
                for region in self._regions(service, services, elements, _differing_elements(old ^ new, elements)):
                    yield ActionClass(
                        tuple(sorted(label or "*" for label in region.labels)),
                        _applying_scopes(old, elements, region.mask),
                        _applying_scopes(new, elements, region.mask),
                    )

    def _regions(
        self, service: str, services: Iterable[str], elements: Sequence[frozenset[str]], within: int
    ) -> Iterator[Region]:
        """Yield the regions of one service; for `_ANY_SERVICE`, of all services that no pattern names.

        within: the mask of the elements that matter.
        """
        written = [{pattern_tokens(each): self._spellings[each] for each in sorted(element)} for element in elements]
        if service:
            yield from PatternSpace(written).regions(f"{service}:", within).values()
            return
        named = {pattern_tokens(f"{each}:*"): "" for each in sorted(services)}
        # An action has a service and a name, so `*` equals `*:*`.
        space = PatternSpace([*written, {pattern_tokens("?*:?*"): ""}, named])
        for region in space.regions(within=within).values():
            if region.mask >> len(written) == 1:
                yield region


def _patterns_by_service(values: Iterable[str]) -> dict[str, frozenset[str]]:
    """Patterns by the service that they name; those with a wildcard before the colon are under _ANY_SERVICE."""
    found: dict[str, set[str]] = {}
    for value in values:
        service, colon, _ = value.partition(":")
        plain = colon and not set(service) & set("*?")
        found.setdefault(service if plain else _ANY_SERVICE, set()).add(value)
    return {service: frozenset(patterns) for service, patterns in found.items()}


def _service_elements(
    side: Iterable[tuple[dict[str, frozenset[str]], bool, int]], service: str
) -> frozenset[_ServiceElement]:
    """The elements of one side that are about a service."""
    none: frozenset[str] = frozenset()
    parts = (
        _ServiceElement(known.get(service, none) | known.get(_ANY_SERVICE, none), negated, scope)
        for known, negated, scope in side
    )
    return frozenset(part for part in parts if part.patterns or part.negated)


def _differing_elements(parts: Iterable[_ServiceElement], elements: Sequence[frozenset[str]]) -> int:
    """The mask of the elements of these parts; outside of them the two sides are the same. -1 if that is nowhere."""
    if any(part.negated for part in parts):
        return -1
    patterns = {part.patterns for part in parts}
    return sum(1 << number for number, element in enumerate(elements) if element in patterns)


def _applying_scopes(parts: Iterable[_ServiceElement], elements: Sequence[frozenset[str]], mask: int) -> frozenset[int]:
    bits = {patterns: 1 << number for number, patterns in enumerate(elements)}
    return frozenset(part.scope for part in parts if bool(mask & bits[part.patterns]) != part.negated)


def _written_patterns(every: Iterable[Patterns]) -> dict[str, str]:
    return {
        value: text
        for patterns in every
        for value, text in zip(patterns.values, patterns.written or patterns.values, strict=True)
    }
