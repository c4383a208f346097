"""Denials as JSON values, without anything of the text but names, ARNs and ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from koding_audit.denials.values import Denial, Reading
from koding_audit.io.text import mask_secrets

_SHOWN = 12  # characters of an encoded message at its beginning and end
_MAX_TEXT = 200
# As long as a secret key, of the signs of one; names that long have a separator.
_SECRET = re.compile(
    r"(?<![A-Za-z0-9/+=])(?=[A-Za-z0-9/+]{0,39}[0-9])(?=[A-Za-z0-9/+]{0,39}[a-z])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)


def reading_value(reading: Reading) -> dict[str, Any]:
    """Return a reading as `why --output json` prints it."""
    others = [{"kind": each.kind, "text": each.text, "advice": each.advice} for each in reading.look_alikes]
    return {"version": 1, "denials": [denial_value(each) for each in reading.denials], "not_denials": others}


def case_value(name: str, reading: Reading) -> dict[str, Any]:
    """Return the answer to a case of `why --cases`. What looks like a denial counts only in a text without denials."""
    other = reading.look_alikes[0] if reading.look_alikes and not reading.denials else None
    return {
        "id": name,
        "denials": [denial_value(each) for each in reading.denials],
        "not_denial": other.text if other else None,
        "not_denial_kind": other.kind if other else None,
    }


def denial_value(denial: Denial) -> dict[str, Any]:
    """Return a denial: first what each one has, then what only this one has."""
    always = {
        "principal": denial.principal,
        "action": denial.action,
        "inferred": denial.inferred,
        "resource": denial.resource,
        "effect": denial.effect,
        "layer": denial.layer,
        "policy": denial.policy,
    }
    found: Mapping[str, Any] = {
        "principal_text": plain_name(denial.principal_text),
        "resource_text": plain_name(denial.resource_text),
        "policy_text": plain_name(denial.policy_text),
        "likely": list(denial.likely),
        "operation": denial.operation,
        "service": denial.service if denial.operation is None else None,
        "region": denial.region,
        "role": denial.role,
        "authorization_id": denial.authorization_id,
        "encoded": _encoded_value(denial.encoded),
        "may_not_be_denial": denial.doubt,
        "principal_hint": denial.hint,
        "repeats": denial.repeats if denial.repeats > 1 else None,
    }
    return {**always, **{name: each for name, each in found.items() if each}}


def plain_name(text: str | None) -> str | None:
    """Return a name from a text, shortened, with what may be a secret masked."""
    return None if text is None else _SECRET.sub("****", mask_secrets(text[:_MAX_TEXT]))


def _encoded_value(encoded: str | None) -> dict[str, Any] | None:
    """Return the length and the ends of an encoded message: the whole of it is not printed."""
    if encoded is None:
        return None
    return {"length": len(encoded), "head": encoded[:_SHOWN], "tail": encoded[-_SHOWN:]}
