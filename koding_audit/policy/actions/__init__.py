"""The actions that AWS has: which exist, how they are spelled, and what a policy can say about each.

A copy of AWS's service authorization reference at one date (`origin`): an action newer than that is not in it.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from fnmatch import translate
from functools import cached_property
from typing import Any, Literal

from koding_audit.policy import packed

AccessLevel = Literal["List", "Read", "Write", "Tagging", "Permissions management"]


@dataclass(frozen=True)
class ResourceType:
    """A kind of resource that an action can be limited to.

    arns: what its ARN looks like, `arn:${Partition}:s3:::${BucketName}`; some have two forms;
    required: a statement that limits the action by Resource has to name one of these (the reference's asterisk).
    """

    name: str
    arns: tuple[str, ...]
    required: bool


class _LazyJson(dict[str, Any]):
    """The JSON of texts by their key, each parsed when it is asked for: a run asks of few services."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, key: str) -> Any:
        value = self[key] = json.loads(self._texts[key])
        return value


@dataclass(frozen=True)
class ActionList:
    """Every action of `load`; an action is `service:Name`, in any case.

    services: by prefix, the names of the actions in AWS's spelling and in the order of their lower case.
    """

    origin: packed.DataOrigin
    services: Mapping[str, tuple[str, ...]]

    def __contains__(self, action: str) -> bool:
        return self._index(action) is not None

    def canonical_name(self, action: str) -> str | None:
        """The action as AWS spells it, `s3:GetObject`; None for one that is not in the list."""
        at = self._index(action)
        return None if at is None else f"{_service_prefix(action)}:{self.services[_service_prefix(action)][at]}"

    def expand(self, pattern: str) -> tuple[str, ...]:
        """Each action that a pattern of a policy means (`*`, `?`, in any case), as AWS spells it, in order.

        `*` is all of them. A pattern that means none gives none: that is no error here.
        """
        # fnmatch's expressions try no part twice, which matters for hostile patterns; its brackets mean nothing in IAM.
        matches = re.compile(translate(pattern.lower().replace("[", "[[]"))).match
        service, colon, _ = pattern.lower().partition(":")
        plain = colon and not re.search(r"[*?]", service)
        within = [service] if plain and service in self.services else [] if plain else self.services
        every = (f"{each}:{name}" for each in within for name in self.services[each])
        return tuple(action for action in every if matches(action.lower()))

    def nearest_action(self, action: str) -> str | None:
        """What was probably meant by an action that is not in the list; None where nothing comes near.

        The same service first, then an action of that very name elsewhere (`vpc:CreateSubnet` is EC2's), then whatever
        is somewhat like it in the service or in those of about that name.
        """
        service, _, name = action.lower().rpartition(":")
        own = [service] if service in self.services else []
        close = self._closest_action(own, name, 0.8) or self._same_named_action(service, name)
        return close or self._closest_action(own or get_close_matches(service, self.services), name, 0.6)

    def access_level(self, action: str) -> AccessLevel:
        """Raises KeyError for an action that is not in the list, as the three below do."""
        level: AccessLevel = self._row(action)[0]
        return level

    def is_wildcard_only(self, action: str) -> bool:
        """Whether the action knows no resource: a statement about it has to say `Resource: "*"`."""
        return not self._row(action)[1]

    def resource_types(self, action: str) -> tuple[ResourceType, ...]:
        """The kinds of resource that a statement about the action can name; () where it is wildcard-only."""
        named = ((each.removesuffix("*"), each.endswith("*")) for each in self._row(action)[1])
        types = self._details[_service_prefix(action)]["types"]
        return tuple(ResourceType(name, tuple(types[name]), required) for name, required in named)

    def condition_keys(self, action: str) -> tuple[str, ...]:
        """The keys that a condition about the action or its resources can name, besides the global ones.

        As AWS spells them: `ec2:InstanceType`, `aws:ResourceTag/${TagKey}`.
        """
        return tuple(self._row(action)[2])

    @cached_property
    def _details(self) -> Mapping[str, Any]:
        """By prefix. types: name -> ARNs; actions: [level, types, keys] of each name, a required type with a star."""
        _, lines = packed.read_packed(__file__, "details.xz")
        return _LazyJson({prefix: text for prefix, _, text in (line.partition("\t") for line in lines)})

    def _row(self, action: str) -> Any:
        at = self._index(action)
        if at is None:
            raise KeyError(action)
        return self._details[_service_prefix(action)]["actions"][at]

    def _index(self, action: str) -> int | None:
        """Where an action stands among the names of its service."""
        prefix, _, name = action.lower().partition(":")
        names = self.services.get(prefix, ())
        at = bisect_left(names, name, key=str.lower)
        return at if at < len(names) and names[at].lower() == name else None

    def _closest_action(self, services: Iterable[str], name: str, cutoff: float) -> str | None:
        for service in services:
            names = [each.lower() for each in self.services[service]]
            for close in get_close_matches(name, names, n=1, cutoff=cutoff):
                return self.canonical_name(f"{service}:{close}")
        return None

    def _same_named_action(self, service: str, name: str) -> str | None:
        """Of the services that have an action of that name, the one whose prefix is most like this one."""
        having = [each for each in self.services if f"{each}:{name}" in self]
        best = max(having, key=lambda each: SequenceMatcher(None, each, service).ratio(), default=None)
        return best and self.canonical_name(f"{best}:{name}")


def load_actions() -> ActionList:
    """The list, in about 15 ms; the first question about more than names costs 10 more. Whoever asks twice keeps it."""
    origin, lines = packed.read_packed(__file__, "names.xz")
    services = (line.partition("\t") for line in lines)
    return ActionList(origin, {prefix: tuple(names.split(" ")) for prefix, _, names in services})


def _service_prefix(action: str) -> str:
    return action.partition(":")[0].lower()
