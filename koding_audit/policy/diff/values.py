"""What a comparison comes to, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DiffVerdict = Literal["equal", "different", "undecided"]


@dataclass(frozen=True, slots=True, order=True)
class PolicyChange:
    """Something that one side allows, or denies, and the other does not.

    action: the longest pattern of the documents that the actions in question match, as written there, or `*`;
    resource: a resource on which it is so, which may be a pattern's own text; condition: when it is so, "" for always;
    principal: `AWS:arn...`, for whom, where a document names principals; `*` in it stands for somebody else.
    """

    action: str
    resource: str
    condition: str = ""
    principal: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """All tuples are sorted, each change once.

    gained, lost: what the new documents allow that the old did not, and the other way round; forbidden, released: what
    is, or was, denied explicitly that neither allows: it matters beside other policies only. why: what could not be
    decided, "" for nothing; a difference that was found stands all the same.
    """

    verdict: DiffVerdict
    gained: tuple[PolicyChange, ...] = ()
    lost: tuple[PolicyChange, ...] = ()
    forbidden: tuple[PolicyChange, ...] = ()
    released: tuple[PolicyChange, ...] = ()
    why: str = ""


def describe_policy_change(change: PolicyChange) -> str:
    """One change in words: the action, an example of a resource, when, and for whom."""
    when = f", when {change.condition}" if change.condition else ""
    who = f", for {change.principal}" if change.principal else ""
    return f"{change.action} on {change.resource}{when}{who}"
