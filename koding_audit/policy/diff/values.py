"""The result of a comparison: the verdict and the changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DiffVerdict = Literal["equal", "different", "undecided"]


@dataclass(frozen=True, slots=True, order=True)
class PolicyChange:
    """One permission that one side allows or denies, and the other does not.

    action: the longest pattern in the documents that the actions match, as written there, or `*`.
    resource: an example resource; it may be the text of a pattern.
    condition: when the difference applies, "" for always.
    principal: `AWS:arn...` if a document names principals, else ""; `*` in it stands for any other principal.
    """

    action: str
    resource: str
    condition: str = ""
    principal: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """The differences between old and new documents; each tuple is sorted and has no duplicates.

    verdict: `equal`, `different` or `undecided`.
    gained: what only the new documents allow.
    lost: what only the old documents allow.
    forbidden: what only the new documents deny explicitly, and neither allows: it matters only beside other policies.
    released: what only the old documents deny explicitly, and neither allows.
    why: what could not be decided, "" for nothing. The changes that were found are still valid.
    """

    verdict: DiffVerdict
    gained: tuple[PolicyChange, ...] = ()
    lost: tuple[PolicyChange, ...] = ()
    forbidden: tuple[PolicyChange, ...] = ()
    released: tuple[PolicyChange, ...] = ()
    why: str = ""


def describe_policy_change(change: PolicyChange) -> str:
    """One change as text: the action, an example resource, the condition and the principal."""
    when = f", when {change.condition}" if change.condition else ""
    who = f", for {change.principal}" if change.principal else ""
    return f"{change.action} on {change.resource}{when}{who}"
