"""Finds where an action is allowed that is not allowed on `*`: on which Resource patterns of the policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from koding_audit.model.desired import RequiredAction
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.snapshot import Principal
from koding_audit.policy.evaluation import granted_patterns, is_limited_in_part
from koding_audit.policy.permissions import Permissions
from koding_audit.reference.action_resources import check_action_resource
from koding_audit.reference.actions import ActionList

_MOST_SHOWN = 10  # more do not help
# A pattern takes a third of a millisecond: the limits keep the longest search below two seconds.
_MOST_ACTIONS = 200
_MOST_PATTERNS = 200  # of one action; at least _FEWEST_PATTERNS of each of many
_FEWEST_PATTERNS = 20
_RESOURCE = 5  # the last field of an ARN
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class AllowedPatterns:
    """The patterns of resources on which an action is allowed.

    complete: patterns on which it is allowed.
    partial: patterns on a part of which it is allowed, because a Deny or another limit is about the rest.
    more: how many further patterns are allowed, or were not decided because there are many.
    """

    complete: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    more: int = 0


def find_allowed_patterns(
    permissions: Permissions,
    principal: Principal,
    actions: Sequence[RequiredAction],
    known: ActionList,
    session: str = "",
) -> dict[str, AllowedPatterns]:
    """Find, for each action, the Resource patterns of a principal's own policies on which all layers together allow it.

    Nothing is found for many actions, as of `s*`. actions: their resources have no effect. known: a pattern that no
    resource type of the action can have is left out. session: as for Permissions.decide.
    """
    if len(actions) > _MOST_ACTIONS:
        return {}
    limit = max(_FEWEST_PATTERNS, _MOST_PATTERNS // max(len(actions), 1))
    search = _Search(permissions, principal, session, known, limit)
    return {each.action: search.find_patterns(each) for each in actions}


def find_partly_allowed(
    permissions: Permissions,
    principal: Principal,
    actions: Sequence[RequiredAction],
    known: ActionList,
    session: str = "",
) -> dict[str, AllowedPatterns]:
    """Find the actions, all allowed on their resource, that a Deny or another limit refuses on a part of it.

    The result names the resource as one on a part of which the action is allowed. Nothing is found for many actions,
    and for one without a resource type: AWS uses it on `*` only. The arguments are as for find_allowed_patterns.
    """
    if len(actions) > _MOST_ACTIONS:
        return {}
    policies = permissions.policies(principal)
    return {
        each.action: AllowedPatterns(partial=(each.resource,))
        for each in actions
        if not (known.is_described(each.action) and known.is_wildcard_only(each.action))
        and is_limited_in_part(
            policies, each.action, each.resource, permissions.request_for(principal, each, session).context
        )
    }


@dataclass(frozen=True, slots=True)
class _Search:
    """What the searches for several actions share.

    limit: how many patterns of an action are decided.
    """

    permissions: Permissions
    principal: Principal
    session: str
    known: ActionList
    limit: int

    def find_patterns(self, action: RequiredAction) -> AllowedPatterns:
        name, policies = action.action, self.permissions.policies(self.principal)
        context = self.permissions.request_for(self.principal, action, self.session).context
        granted = [each for each in dict.fromkeys(granted_patterns(policies, name, context)) if each.strip("*")]
        allowed = [each for each in granted[: self.limit] if self._is_allowed_on(action, each)]
        shown = allowed[:_MOST_SHOWN]
        partial = tuple(each for each in shown if is_limited_in_part(policies, name, each, context))
        complete = tuple(each for each in shown if each not in partial)
        return AllowedPatterns(complete, partial, len(allowed) - len(shown) + len(granted[self.limit :]))

    def _is_allowed_on(self, action: RequiredAction, pattern: str) -> bool:
        if not _is_used_on(action.action, pattern, self.known):
            return False
        decision = self.permissions.decide(self.principal, replace(action, resource=pattern), self.session)
        return decision.verdict == "allowed"


def _is_used_on(action: str, pattern: str, known: ActionList) -> bool:
    """Whether AWS uses an action on resources of a pattern; true for an action whose resource types are not known."""
    if not known.is_described(action):
        return True
    formats = [arn for each in known.resource_types(action) for arn in each.arns]
    samples = {sample for arn in formats for sample in _sample_resources(pattern, arn)}
    return any(check_action_resource(known, action, each).fit == "fits" for each in samples)


def _sample_resources(pattern: str, arn_format: str) -> Iterator[str]:
    """Yield ARNs of the pattern, one of them as similar to an ARN format as the pattern permits."""
    fields, expected = pattern.split(":", _RESOURCE), _PLACEHOLDER.sub("x", arn_format).split(":", _RESOURCE)
    if len(fields) <= _RESOURCE:
        return
    pairs = zip(fields[:_RESOURCE], expected[:_RESOURCE], strict=True)
    head = [theirs if _has_wildcard(own) else own for own, theirs in pairs]
    tail = _PLACEHOLDER.split(arn_format.split(":", _RESOURCE)[_RESOURCE], maxsplit=1)[-1]
    for text in ("x", f"x{_PLACEHOLDER.sub('x', tail)}"):
        yield ":".join((*head, _replace_wildcards(fields[_RESOURCE], text)))


def _replace_wildcards(resource: str, last: str) -> str:
    """A resource with a name for each wildcard, and a text for its last `*`."""
    before, star, after = resource.replace("?", "x").rpartition("*")
    return f"{before.replace('*', 'x')}{last if star else ''}{after}"


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text
