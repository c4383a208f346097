"""Whether AWS uses an action on a resource, by the resource types that its reference lists for the action.

The reference has the usual form of each type's ARN, but not every form that AWS evaluates and prints in denials. So a
resource is a mismatch only if its form certainly differs from that of every type of the action; if in doubt, it fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from koding_audit.model.frozen import dataclass
from koding_audit.reference.actions import ActionList

ResourceFit = Literal["fits", "mismatch", "no-resource-type", "unknown-action", "unknown-types"]
"""unknown-types: of the action only the name is known."""

_PLACEHOLDER = re.compile(r"(\$\{[^}]*\}|\*)")
_LAST_PART = re.compile(r"[/:][^/:]*\Z")
_SHOWN = 6  # resource types in a message
_NAME = "[^/:]+"
_ANY_TEXT = ".*"
_SERVICE, _REGION, _ACCOUNT, _RESOURCE = 2, 3, 4, 5  # the fields of an ARN


@dataclass(frozen=True, slots=True)
class ActionResource:
    """Whether AWS uses an action on a resource."""

    fit: ResourceFit
    problem: str = ""
    """What is wrong, as a clause about the action: `is not used on ...`; "" if the resource fits."""
    types: tuple[str, ...] = ()
    """The names of the resource types that the action has, for a mismatch."""


def check_action_resource(known: ActionList, action: str, resource: str) -> ActionResource:
    """Return whether AWS uses an action on a resource.

    A resource that is not an ARN, that has a wildcard, or that names no single resource (`arn:aws:iam::ACCOUNT:user/`)
    always fits: AWS evaluates such forms too.
    """
    if action not in known:
        return ActionResource("unknown-action", unknown_action_clause(known, action))
    if not known.is_described(action):
        return ActionResource("unknown-types")
    if not _names_one_resource(resource) or _belongs_to_aws(action, resource):
        return ActionResource("fits")
    types, is_path = known.resource_types(action), _is_request_path(action, resource)
    if not types and is_path:
        return ActionResource("fits")
    if not types:
        return ActionResource("no-resource-type", f"has no resource type: it is not used on {resource}")
    own = tuple(arn for each in types for arn in each.arns)
    others = [arn for arn in known.service_arn_formats(action) if arn not in own]
    if _has_own_form(own, others, resource, is_path=is_path):
        return ActionResource("fits")
    names = tuple(each.name for each in types)
    return ActionResource("mismatch", f"is not used on {resource}: {_list_types(names)}", names)


def unknown_action_clause(known: ActionList, action: str) -> str:
    """Return a clause about an action that is not in the list, with the newest date of names and a similar action."""
    near = known.nearest_action(action)
    suggestion = f"; did you mean {near}?" if near else ""
    return f"is not among AWS's actions of {known.names_date}{suggestion}"


def _list_types(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"its resource type is {names[0]}"
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"its resource types are {', '.join(names[:_SHOWN])}{rest}"


def _names_one_resource(resource: str) -> bool:
    """Whether a resource is the ARN of one resource: without wildcards and variables, and with a name at its end."""
    fields = _split_arn(resource)
    if len(fields) <= _RESOURCE or fields[0] != "arn" or "*" in resource or "?" in resource:
        return False
    name = fields[_RESOURCE]
    return name != "" and not name.endswith((":", "/")) and "${" not in name


def _belongs_to_aws(action: str, resource: str) -> bool:
    """Whether a resource is one of AWS itself, in the action's service.

    AWS evaluates more actions on these than its reference lists, such as cloudformation:CreateChangeSet on a transform.
    """
    return _split_arn(resource)[_ACCOUNT] == "aws" and _is_same_service(action, resource)


def _is_request_path(action: str, resource: str) -> bool:
    """Whether a resource is the path of a request to the action's service.

    Some services use `arn:aws:ce:REGION:ACCOUNT:/GetCostAndUsage`.
    """
    return _split_arn(resource)[_RESOURCE].startswith("/") and _is_same_service(action, resource)


def _is_same_service(action: str, resource: str) -> bool:
    return _split_arn(resource)[_SERVICE] == action.partition(":")[0].lower()


def _has_own_form(own: Sequence[str], others: Iterable[str], resource: str, *, is_path: bool) -> bool:
    """Whether a resource may have one of an action's own ARN formats, or is the path of a request.

    A name could be any text, and an ARN may lack a format's last parts. That does not count if another type of the
    service has the resource's form: an object is not a bucket, and a bucket is not an object.
    """
    if any(_matches_exactly(each, resource, _NAME) for each in own):
        return True
    longer = [each for each in own if _matches_loosely(each, resource)]
    shorter = [each for each in own if _is_shortened(each, resource)]
    if not (longer or shorter or is_path):
        return False
    better = [each for each in others if _matches_exactly(each, resource, _ANY_TEXT)]
    if not better:
        return True
    return any(not any(_is_part_of(other, each) for other in better) for each in longer) or any(
        not any(_is_part_of(each, other) for other in better) for each in shorter
    )


def _is_part_of(other: str, own: str) -> bool:
    """Whether a format is that of a part of another format's resource: an object of a bucket, an index of a table.

    A part after a colon does not count: AWS uses actions of a function on its versions, and actions of a log group on
    its streams.
    """
    part, whole = (_PLACEHOLDER.sub("*", _split_arn(each)[_RESOURCE]) for each in (other, own))
    return re.match(re.escape(whole).replace(r"\*", _NAME) + "/", part) is not None


def _matches_exactly(arn_format: str, resource: str, end: str) -> bool:
    """Whether a resource has a format, with a region and an account only where the format has them.

    end: the expression of a name at the end; other names contain no separator.
    """
    expected, actual = _split_arn(arn_format), _split_arn(resource)
    if expected[_SERVICE] != actual[_SERVICE]:
        return False
    same = all(bool(expected[at]) is bool(actual[at]) for at in (_REGION, _ACCOUNT))
    return same and _matches(expected[_RESOURCE], actual[_RESOURCE], _NAME, end)


def _matches_loosely(arn_format: str, resource: str) -> bool:
    """Whether a resource may have a format: with any text as a name, in any region and account, in any case."""
    expected, actual = (_split_arn(each.casefold()) for each in (arn_format, resource))
    return all(_matches(expected[at], actual[at], _ANY_TEXT, _ANY_TEXT) for at in (_SERVICE, _RESOURCE))


def _is_shortened(arn_format: str, resource: str) -> bool:
    """Whether a resource has the first parts of a format, such as a stack's name without its id."""
    shorter = _LAST_PART.sub("", arn_format)
    while len(_split_arn(shorter)) > _RESOURCE and _PLACEHOLDER.search(_split_arn(shorter)[_RESOURCE]):
        if _matches_loosely(shorter, resource):
            return True
        shorter = _LAST_PART.sub("", shorter)
    return False


def _matches(part: str, text: str, name: str, end: str) -> bool:
    """Whether a text has the form of a part of a format; `*` in it is any text.

    name: the expression of a name.
    end: the expression of a name at the end.
    """
    fixed, *rest = _PLACEHOLDER.split(part)  # a placeholder and a fixed text by turns
    if not text.startswith(fixed):
        return False  # as for nearly all formats: an expression is slow
    names = [_ANY_TEXT if each == "*" else name for each in rest[::2]]
    if rest and not rest[-1]:
        names[-1:] = [_ANY_TEXT if rest[-2] == "*" else end]
    after = "".join(expression + re.escape(each) for expression, each in zip(names, rest[1::2], strict=True))
    return re.fullmatch(re.escape(fixed) + after, text, re.DOTALL) is not None


def _split_arn(arn: str) -> list[str]:
    return arn.split(":", _RESOURCE)
