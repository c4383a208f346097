"""Divides actions, service by service, into classes that match the same patterns; needs no list of actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from koding_audit.model.frozen import dataclass
from koding_audit.policy.diff.patterns import Effort, PatternSpace, Region, Tokens, pattern_tokens
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


@dataclass(frozen=True, slots=True)
class ActionBox:
    """The actions of some statements: those that all of them have.

    actions: the patterns of each.
    is_rival: whether the statements with a scope, by its number, can only hide what these statements change; is_shared
        says whether both sides have the same of them.
    effort: what may be spent.
    """

    actions: Sequence[Patterns]
    is_rival: Callable[..., bool]
    effort: Effort


class ActionElements:
    """The Action elements of two sides, each with the number of its statement's scope."""

    def __init__(self, old: Sequence[tuple[Patterns, int]], new: Sequence[tuple[Patterns, int]]) -> None:
        self._spellings = _written_patterns(patterns for patterns, _ in (*old, *new))
        self._old = [(_patterns_by_service(patterns.values), patterns.negated, scope) for patterns, scope in old]
        self._new = [(_patterns_by_service(patterns.values), patterns.negated, scope) for patterns, scope in new]

    def classes(self, within: ActionBox | None = None) -> Iterator[ActionClass]:
        """Yield the classes of each service on which the two sides differ. Raises TooManyStates.

        within: only actions of this box, and of its classes those with the fewest rivals.
        """
        services = {service for known, _, _ in (*self._old, *self._new) for service in known} - {_ANY_SERVICE}
        for service in (*sorted(services), _ANY_SERVICE):
            old, new = (_service_elements(side, service) for side in (self._old, self._new))
            if old != new:
                elements = sorted({part.patterns for part in old | new}, key=sorted)
                for region in self._regions(service, services, elements, (old, new), within):
                    yield ActionClass(
                        tuple(sorted(label or "*" for label in region.labels)),
                        _applying_scopes(old, elements, region.mask),
                        _applying_scopes(new, elements, region.mask),
                    )

    def _regions(
        self,
        service: str,
        services: Iterable[str],
        elements: Sequence[frozenset[str]],
        sides: tuple[frozenset[_ServiceElement], frozenset[_ServiceElement]],
        box: ActionBox | None,
    ) -> Iterator[Region]:
        """Yield the regions of one service; for `_ANY_SERVICE`, of all services that no pattern names."""
        written = [{pattern_tokens(each): self._spellings[each] for each in sorted(element)} for element in elements]
        within, fewest, effort = _differing_elements(sides[0] ^ sides[1], elements), 0, None
        places: list[dict[Tokens, str]] = []
        if box:
            within, fewest, effort = 1 << len(elements), _rival_elements(sides, elements, box), box.effort
            places = [_place(each) for each in box.actions]
        inside = ((1 << len(places)) - 1) << len(elements)
        if service:
            regions = PatternSpace([*written, *places]).regions(f"{service}:", within, fewest, effort).values()
            yield from (region for region in regions if region.mask & inside == inside)
            return
        named = {pattern_tokens(f"{each}:*"): "" for each in sorted(services)}
        # An action has a service and a name, so `*` equals `*:*`.
        space = PatternSpace([*written, *places, {pattern_tokens("?*:?*"): ""}, named])
        for region in space.regions("", within, fewest, effort).values():
            if region.mask >> len(written) + len(places) == 1 and region.mask & inside == inside:
                yield region


def _place(actions: Patterns) -> dict[Tokens, str]:
    """The patterns of a statement's actions; of NotAction, any."""
    return {pattern_tokens(each): "" for each in (("*",) if actions.negated else actions.values)}


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
    found: set[_ServiceElement] = set()
    merged: dict[int, frozenset[str]] = {}
    for known, negated, scope in side:
        patterns = known.get(service, none) | known.get(_ANY_SERVICE, none)
        if negated:
            found.add(_ServiceElement(patterns, negated, scope))
        else:
            merged[scope] = merged.get(scope, none) | patterns
    return frozenset(found).union(_ServiceElement(each, False, scope) for scope, each in merged.items() if each)


def _differing_elements(parts: Iterable[_ServiceElement], elements: Sequence[frozenset[str]]) -> int:
    """The mask of the elements of these parts; outside of them the two sides are the same. -1 if that is nowhere."""
    if any(part.negated for part in parts):
        return -1
    patterns = {part.patterns for part in parts}
    return sum(1 << number for number, element in enumerate(elements) if element in patterns)


def _rival_elements(
    sides: tuple[frozenset[_ServiceElement], frozenset[_ServiceElement]],
    elements: Sequence[frozenset[str]],
    box: ActionBox,
) -> int:
    """The mask of the elements that only rivals have."""
    old, new = sides
    needed = {
        part.patterns
        for part in old | new
        if part.negated or not box.is_rival(part.scope, is_shared=part in old and part in new)
    }
    return sum(1 << number for number, element in enumerate(elements) if element not in needed)


def _applying_scopes(parts: Iterable[_ServiceElement], elements: Sequence[frozenset[str]], mask: int) -> frozenset[int]:
    bits = {patterns: 1 << number for number, patterns in enumerate(elements)}
    return frozenset(part.scope for part in parts if bool(mask & bits[part.patterns]) != part.negated)


def _written_patterns(every: Iterable[Patterns]) -> dict[str, str]:
    return {
        value: text
        for patterns in every
        for value, text in zip(patterns.values, patterns.written or patterns.values, strict=True)
    }
