"""Plans for other hands: each file turns a Plan into what another tool takes, and its name is the option's: --as.

Such a module has `exported(plan) -> Exported`, which raises InputError: a value that its tool has no spelling for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from koding_audit.errors import InputError
from koding_audit.model import Account, Step
from koding_audit.text import inert

_ESCAPES: Mapping[str, str] = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A step that a tool cannot be told. reason: why, and what a person does there instead, without a full stop."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A plan in the form of another tool; left_out: the steps that the text tells in comments only."""

    text: str
    left_out: tuple[LeftOut, ...] = ()


def about(account: Account) -> str:
    """Whom a text is for, as its first comment says it."""
    return f"# For account {account.id} (partition {account.partition})."


def finding_of(step: Step) -> str:
    """The finding that a step mends, as a comment."""
    return f"# {inert(step.finding)}"


def comments(each: LeftOut) -> list[str]:
    return ["", f"# Not here: {inert(each.step.finding)}", f"# Why: {inert(each.reason)}."]


def quoted(text: str) -> str:
    """A string as HCL and YAML both write it, in ASCII: no locale changes it on its way, and nothing in it hides.

    Raises InputError: half of a surrogate pair is no character.
    """
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise InputError(f"{inert(text)!r} holds half a character", "use --out, and `apply`")
    return f'"{"".join(map(_escaped, text))}"'


def digest(*names: str) -> str:
    """Eight hex digits that tell these names from others, the same on every day."""
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:8]


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _ESCAPES:
        return _ESCAPES[char]
    if 0x20 <= code < 0x7F:
        return char
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
