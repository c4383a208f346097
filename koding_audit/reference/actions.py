"""The actions of AWS: their spelling, access level, resource types and condition keys.

A copy of AWS's service authorization reference at one date (`origin`), and names of actions of a later copy
(`newer_origin`). Still newer actions are in neither.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from fnmatch import translate
from functools import cached_property
from typing import Any, Literal

from koding_audit.reference import packed, tables

AccessLevel = Literal["List", "Read", "Write", "Tagging", "Permissions management"]


@dataclass(frozen=True)
class ResourceType:
    """A resource type that an action supports.

    name: as in the reference, `bucket`.
    arns: the formats of its ARN, `arn:${Partition}:s3:::${BucketName}`; some types have two.
    required: whether a statement that limits the action by Resource must name one of these (the asterisk in the
        reference).
    """

    name: str
    arns: tuple[str, ...]
    required: bool


class _LazyJson(dict[str, Any]):
    """JSON values by key, each parsed on first use: a run needs few services."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, key: str) -> Any:
        value = self[key] = json.loads(self._texts[key])
        return value


@dataclass(frozen=True)
class ActionList:
    """The list of all actions. Methods take an action as `service:Name`, in any case.

    origin: where the data comes from, except some newer names.
    services: by service prefix, the names of its actions in AWS's spelling, sorted by their lower case.
    described: the same without the actions of which only the name is known.
    newer_origin: where those names come from.
    """

    origin: packed.DataOrigin
    services: Mapping[str, tuple[str, ...]]
    described: Mapping[str, tuple[str, ...]]
    newer_origin: packed.DataOrigin

    @property
    def names_date(self) -> str:
        """The date of the newest names: an action that is not in the list may be newer than that."""
        return max(self.origin.date, self.newer_origin.date)

    def __contains__(self, action: str) -> bool:
        return _find_name(self.services, action) is not None

    def is_described(self, action: str) -> bool:
        """Whether more than the name of an action is known: its access level, resource types and condition keys."""
        return _find_name(self.described, action) is not None

    def canonical_name(self, action: str) -> str | None:
        """Return the action as AWS spells it, `s3:GetObject`; None if it is not in the list."""
        at = _find_name(self.services, action)
        return None if at is None else f"{_service_prefix(action)}:{self.services[_service_prefix(action)][at]}"

    def expand(self, pattern: str) -> tuple[str, ...]:
        """Return each action that a policy's pattern matches (`*`, `?`, in any case), as AWS spells it, in order.

        `*` matches every action. The result is empty if nothing matches.
        """
        # fnmatch's expressions do not backtrack, which matters for hostile patterns; brackets have no meaning in IAM.
        matches = re.compile(translate(pattern.lower().replace("[", "[[]"))).match
        service, colon, _ = pattern.lower().partition(":")
        plain = colon and not re.search(r"[*?]", service)
        within = [service] if plain and service in self.services else [] if plain else self.services
        every = (f"{each}:{name}" for each in within for name in self.services[each])
        return tuple(action for action in every if matches(action.lower()))

    def nearest_action(self, action: str) -> str | None:
        """Return the most similar action for one that is not in the list; None if no action is similar.

        First a similar name in the same service, then the same name in another service (`vpc:CreateSubnet` is EC2's),
        then a less similar name in the service or in services with a similar prefix.
        """
        service, _, name = action.lower().rpartition(":")
        own = [service] if service in self.services else []
        close = self._closest_action(own, name, 0.8) or self._same_named_action(service, name)
        return close or self._closest_action(own or get_close_matches(service, self.services), name, 0.6)

    def access_level(self, action: str) -> AccessLevel:
        """Return the action's access level.

        Raises KeyError, as the next four methods do, for an action that is unknown or not described.
        """
        level: AccessLevel = self._row(action)[0]
        return level

    def is_wildcard_only(self, action: str) -> bool:
        """Whether the action supports no resource type, so that a statement needs `Resource: "*"`."""
        return not self._row(action)[1]

    def resource_types(self, action: str) -> tuple[ResourceType, ...]:
        """Return the resource types that the action supports; () if it is wildcard-only."""
        named = ((each.removesuffix("*"), each.endswith("*")) for each in self._row(action)[1])
        types = self._details[_service_prefix(action)]["types"]
        return tuple(ResourceType(name, tuple(types[name]), required) for name, required in named)

    def service_arn_formats(self, action: str) -> tuple[str, ...]:
        """Return the ARN formats of all resource types of the action's service."""
        if not self.is_described(action):
            raise KeyError(action)
        types = self._details[_service_prefix(action)]["types"]
        return tuple(arn for arns in types.values() for arn in arns)

    def condition_keys(self, action: str) -> tuple[str, ...]:
        """Return the condition keys of the action and its resources, except the global ones.

        As AWS spells them: `ec2:InstanceType`, `aws:ResourceTag/${TagKey}`.
        """
        return tuple(self._row(action)[2])

    @cached_property
    def _details(self) -> Mapping[str, Any]:
        """The details by service prefix.

        types: name -> ARN formats.
        actions: [level, types, keys] of each name in `described`; a required type ends with `*`.
        """
        _, lines = packed.read_packed(__file__, "data/action_details.xz")
        return _LazyJson({prefix: text for prefix, _, text in (line.partition("\t") for line in lines)})

    def _row(self, action: str) -> Any:
        at = _find_name(self.described, action)
        if at is None:
            raise KeyError(action)
        return self._details[_service_prefix(action)]["actions"][at]

    def _closest_action(self, services: Iterable[str], name: str, cutoff: float) -> str | None:
        for service in services:
            names = [each.lower() for each in self.services[service]]
            for close in get_close_matches(name, names, n=1, cutoff=cutoff):
                return self.canonical_name(f"{service}:{close}")
        return None

    def _same_named_action(self, service: str, name: str) -> str | None:
        """Return the action of that name in the service whose prefix is most similar to this one."""
        having = [each for each in self.services if f"{each}:{name}" in self]
        best = max(having, key=lambda each: SequenceMatcher(None, each, service).ratio(), default=None)
        return best and self.canonical_name(f"{best}:{name}")


def load_actions() -> ActionList:
    """Load the list, in about 15 ms; the first call for details takes 10 ms more. Keep the value for further calls."""
    origin, lines = packed.read_packed(__file__, "data/action_names.xz")
    described = {prefix: tuple(names.split(" ")) for prefix, _, names in (line.partition("\t") for line in lines)}
    newer = tables.read_json("newer_actions")
    services = dict(_add_names(described, newer["actions"]))
    return ActionList(origin, services, described, packed.DataOrigin(**newer["origin"]))


def _add_names(
    described: Mapping[str, tuple[str, ...]], newer: Mapping[str, list[str]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each service with all its names, both in order: `a-b:` before `a:`."""
    for prefix in sorted({*described, *newer}, key=lambda each: f"{each}:"):
        names = described.get(prefix, ())
        yield prefix, tuple(sorted((*names, *newer[prefix]), key=str.lower)) if prefix in newer else names


def _find_name(services: Mapping[str, tuple[str, ...]], action: str) -> int | None:
    """Return the index of an action in the names of its service; None if it is not there."""
    prefix, _, name = action.lower().partition(":")
    names = services.get(prefix, ())
    at = bisect_left(names, name, key=str.lower)
    return at if at < len(names) and names[at].lower() == name else None


def _service_prefix(action: str) -> str:
    return action.partition(":")[0].lower()
