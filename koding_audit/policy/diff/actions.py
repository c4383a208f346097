"""The classes of actions that no pattern of either side separates, service by service; no list of actions is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from koding_audit.model.frozen import dataclass
from koding_audit.policy.diff.patterns import PatternSpace, Region, pattern_tokens
from koding_audit.policy.document import Patterns

_ANY_SERVICE = ""


@dataclass(frozen=True, slots=True)
class ActionClass:
    """Actions that match the same patterns.

    labels: how they are written: the longest pattern that each of them matches, or `*`; old, new: the scopes of the
    statements that are about them.
    """

    labels: tuple[str, ...]
    old: frozenset[int]
    new: frozenset[int]


@dataclass(frozen=True, slots=True)
class _ServiceElement:
    """What an Action or NotAction element says of one service. scope: what else its statement says, by number."""

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
        """The classes of the services of which the sides say different things. Raises TooManyStates."""
        services = {service for known, _, _ in (*self._old, *self._new) for service in known} - {_ANY_SERVICE}
        for service in (*sorted(services), _ANY_SERVICE):
            old, new = (_service_elements(side, service) for side in (self._old, self._new))
            if old != new:
                elements = sorted({part.patterns for part in old | new}, key=sorted)
                for region in self._regions(service, services, elements):
                    yield ActionClass(
                        tuple(sorted(label or "*" for label in region.labels)),
                        _applying_scopes(old, elements, region.mask),
                        _applying_scopes(new, elements, region.mask),
                    )

    def _regions(self, service: str, services: Iterable[str], elements: Sequence[frozenset[str]]) -> Iterator[Region]:
        """One service's, or those of the services that no pattern names, as AWS may have tomorrow."""
        written = [{pattern_tokens(each): self._spellings[each] for each in sorted(element)} for element in elements]
        if service:
            yield from PatternSpace(written).regions(f"{service}:").values()
            return
        named = {pattern_tokens(f"{each}:*"): "" for each in sorted(services)}
        # An action has a service and a name: `*` is no more than `*:*`.
        for region in PatternSpace([*written, {pattern_tokens("?*:?*"): ""}, named]).regions().values():
            if region.mask >> len(written) == 1:
                yield region


def _patterns_by_service(values: Iterable[str]) -> dict[str, frozenset[str]]:
    """Patterns by the service that they name, and under _ANY_SERVICE those with a wildcard before their colon."""
    found: dict[str, set[str]] = {}
    for value in values:
        service, colon, _ = value.partition(":")
        plain = colon and not set(service) & set("*?")
        found.setdefault(service if plain else _ANY_SERVICE, set()).add(value)
    return {service: frozenset(patterns) for service, patterns in found.items()}


def _service_elements(
    side: Iterable[tuple[dict[str, frozenset[str]], bool, int]], service: str
) -> frozenset[_ServiceElement]:
    """What a side says of one service; a statement that names none of its actions says nothing."""
    none: frozenset[str] = frozenset()
    parts = (
        _ServiceElement(known.get(service, none) | known.get(_ANY_SERVICE, none), negated, scope)
        for known, negated, scope in side
    )
    return frozenset(part for part in parts if part.patterns or part.negated)


def _applying_scopes(parts: Iterable[_ServiceElement], elements: Sequence[frozenset[str]], mask: int) -> frozenset[int]:
    bits = {patterns: 1 << number for number, patterns in enumerate(elements)}
    return frozenset(part.scope for part in parts if bool(mask & bits[part.patterns]) != part.negated)


def _written_patterns(every: Iterable[Patterns]) -> dict[str, str]:
    return {
        value: text
        for patterns in every
        for value, text in zip(patterns.values, patterns.written or patterns.values, strict=True)
    }
