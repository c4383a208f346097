"""Plans for other tools: each module here converts a plan for one tool; its name is the value of `--as`.

Such a module has `export(plan) -> ExportedPlan`. It raises InputError if its tool cannot express a value.
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
    """A step that a tool cannot express.

    step: the step.
    reason: why, and what to do instead; without a full stop.
    """

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class ExportedPlan:
    """A plan for another tool.

    text: the file for the tool.
    left_out_steps: the steps that the text has in comments only.
    """

    text: str
    left_out_steps: tuple[LeftOutStep, ...] = ()


def account_comment(account: Account) -> str:
    """The first comment of a text: the account that it is for."""
    return f"# For account {account.id} (partition {account.partition})."


def finding_comment(step: Step) -> str:
    """The finding that a step fixes, as a comment."""
    return f"# {escape(step.finding)}"


def left_out_comments(each: LeftOutStep) -> list[str]:
    return ["", f"# Not here: {escape(each.step.finding)}", f"# Why: {escape(each.reason)}."]


def quote_ascii(text: str) -> str:
    """A string literal for HCL and YAML, in ASCII: no locale changes it, and no character in it is invisible.

    Raises InputError if the text has half of a surrogate pair, which is not a character.
    """
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise InputError(f"{escape(text)!r} contains half of a surrogate pair", "use --out, and `apply`")
    return f'"{"".join(map(_escape_char, text))}"'


def names_digest(*names: str) -> str:
    """Eight hex digits that distinguish these names from others; the same in each run."""
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:8]


def _escape_char(char: str) -> str:
    code = ord(char)
    if char in _ESCAPES:
        return _ESCAPES[char]
    if 0x20 <= code < 0x7F:
        return char
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
