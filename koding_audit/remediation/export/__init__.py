"""Plans for other hands: each file turns a Plan into what another tool takes, and its name is the option's: --as.

Such a module has `exported(plan) -> Exported`, which raises InputError: a value that its tool has no spelling for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from koding_audit.io.text import escape
from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.model.plan import Step

_ESCAPES: Mapping[str, str] = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class LeftOutStep:
    """A step that a tool cannot be told. reason: why, and what a person does there instead, without a full stop."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class ExportedPlan:
    """A plan in the form of another tool; left_out: the steps that the text tells in comments only."""

    text: str
    left_out_steps: tuple[LeftOutStep, ...] = ()


def account_comment(account: Account) -> str:
    """Whom a text is for, as its first comment says it."""
    return f"# For account {account.id} (partition {account.partition})."


def finding_comment(step: Step) -> str:
    """The finding that a step mends, as a comment."""
    return f"# {escape(step.finding)}"


def left_out_comments(each: LeftOutStep) -> list[str]:
    return ["", f"# Not here: {escape(each.step.finding)}", f"# Why: {escape(each.reason)}."]


def quote_ascii(text: str) -> str:
    """A string as HCL and YAML both write it, in ASCII: no locale changes it on its way, and nothing in it hides.

    Raises InputError: half of a surrogate pair is no character.
    """
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise InputError(f"{escape(text)!r} holds half a character", "use --out, and `apply`")
    return f'"{"".join(map(_escape_char, text))}"'


def names_digest(*names: str) -> str:
    """Eight hex digits that tell these names from others, the same on every day."""
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:8]


def _escape_char(char: str) -> str:
    code = ord(char)
    if char in _ESCAPES:
        return _ESCAPES[char]
    if 0x20 <= code < 0x7F:
        return char
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
