"""Checks the RESOURCE of a question, and suggests the ARN for a text that is not one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from koding_audit.io.text import clip_text
from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.reference.actions import ActionList, ResourceType

_ARN_FIELDS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
# What is written for the variables of an ARN format that the name of a resource does not determine.
_PLACES: Mapping[str, str] = {"Partition": "aws", "Region": "REGION", "Account": "ACCOUNT"}


def check_resource(text: str, actions: Sequence[str], known: ActionList) -> None:
    """Refuse a resource that is neither `*` nor an ARN or a pattern of ARNs. Raises InputError.

    actions: the actions of the question; their resource types suggest the ARN.
    """
    if text == "*" or (text.startswith("arn:") and text.count(":") >= _ARN_FIELDS - 1):
        return
    if not text:
        raise InputError("RESOURCE is empty", "write an ARN; `*` is any resource")
    named = clip_text(text, 100)
    if text.startswith("arn:"):
        completed = text + ":*" * (_ARN_FIELDS - 1 - text.count(":"))
        raise InputError(f"{named} is not a complete ARN: it has fewer than six fields", f"write '{completed}'")
    if _is_action(text, known):
        options = " ".join(f"--action {each}" for each in (*actions[:2], text))
        raise InputError(f"{named} is not an ARN", f"to ask about several actions, write {options}")
    intended = _intended_arn(text, actions, known)
    hint = (
        f"write '{intended}'" if intended else "write an ARN, for example arn:aws:s3:::BUCKET/KEY; `*` is any resource"
    )
    raise InputError(f"{named} is not an ARN", hint)


def check_partition(resource: str, account: Account) -> None:
    """Refuse an ARN of another partition: credentials are valid in one partition only. Raises InputError."""
    partition = resource.split(":")[1] if resource.startswith("arn:") else "*"
    if partition != account.partition and not re.search(r"[*?]", partition):
        raise InputError(
            f"{clip_text(resource, 100)} is not of partition {account.partition}, as the account is",
            f"write arn:{account.partition}:...; credentials are valid in one partition only",
        )


def _is_action(text: str, known: ActionList) -> bool:
    """Whether a text is an action, perhaps with wildcards, of a service that exists."""
    service, colon, name = text.partition(":")
    return bool(colon) and service.lower() in known.services and re.fullmatch(r"[A-Za-z0-9*?]+", name) is not None


def _intended_arn(text: str, actions: Iterable[str], known: ActionList) -> str:
    """The ARN that a URL of S3 or a resource's name stands for; "" if it could be several."""
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if text.startswith("s3://") and key:
        return f"arn:aws:s3:::{bucket}/{key}"
    name = f"{bucket}/{key}".rstrip("/")
    if not bucket or not re.fullmatch(r"\w[\w+=,.@/*?-]*", name):
        return ""
    formats = {
        arn for action in actions if known.is_described(action) for arn in _name_formats(known.resource_types(action))
    }
    found = {_fill_format(arn, name) for arn in formats if not text.startswith("s3://") or ":s3:::" in arn}
    if not found and text.startswith("s3://"):
        return f"arn:aws:s3:::{name}"
    return found.pop() if len(found) == 1 else ""


def _name_formats(types: Sequence[ResourceType]) -> Iterator[str]:
    """Yield the ARN formats that the name of a resource can stand for: of the required types, if there are any.

    Of several formats only those count in which the name follows the account, as in a bucket's.
    """
    required = [each for each in types if each.required] or types
    formats = [arn for each in required for arn in each.arns]
    plain = [arn for arn in formats if arn.split(":", _ARN_FIELDS - 1)[-1].startswith("${")]
    yield from plain if len(formats) > 1 else formats


def _fill_format(arn: str, name: str) -> str:
    """An ARN format with a name for its own variables; a variable for which the name has no part becomes `*`."""
    *head, rest = arn.split(":", _ARN_FIELDS - 1)
    before = rest.partition("${")[0]
    name = name.removeprefix(before)
    own = len(_VARIABLE.findall(rest))
    parts = iter([*name.split("/", own - 1), *("*" for _ in range(own))])
    filled = _VARIABLE.sub(lambda _: next(parts), rest)
    return ":".join([_VARIABLE.sub(lambda found: _PLACES.get(found[1], "*"), each) for each in head] + [filled])
