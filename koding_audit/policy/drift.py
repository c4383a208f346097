"""The difference in meaning between a live policy document and the declared one, as text and as evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from koding_audit.model.frozen import dataclass
from koding_audit.policy import document
from koding_audit.policy.diff import Difference, PolicyChange, compare_documents, describe_policy_change

_MOST_CHANGES = 20  # changes of one kind in a report; the semantic diff may find thousands
_TITLES: Mapping[str, str] = {
    "gained": "it also allows",
    "lost": "it does not allow",
    "forbidden": "it also denies",
    "released": "it does not deny",
}


@dataclass(frozen=True, slots=True)
class Drift:
    """A difference in meaning.

    description: text for a message.
    evidence: the verdict and the changes by kind, each with an example resource.
    """

    description: str
    evidence: Mapping[str, Any]


def find_drift(live: str, wanted: str, *, values: bool = False) -> Drift | None:
    """Return how the live document differs from the wanted one; None if both mean the same.

    values: whether conditions show their values, and not only key and operator. More people read a report than the
        policies in it; but what a trust policy allows is in these values.
    """
    try:
        difference = compare_documents(document.parse_document(wanted), document.parse_document(live), values=values)
    except document.DocumentError as error:
        return Drift(f"it cannot be compared: {error.message}", {"verdict": "undecided", "why": error.message})
    if difference.verdict == "equal":
        return None
    parts = list(_changes_by_kind(difference))
    description = "; ".join(f"{_TITLES[name]} {_summarize_changes(changes)}" for name, changes in parts)
    why = {"why": difference.why} if difference.why else {}
    found = {name: [asdict(each) for each in changes[:_MOST_CHANGES]] for name, changes in parts}
    more = {f"more_{name}": len(changes) - _MOST_CHANGES for name, changes in parts if len(changes) > _MOST_CHANGES}
    undecided = f"it is undecided whether both mean the same: {difference.why}"
    return Drift(description or undecided, {"verdict": difference.verdict, **found, **more, **why})


def _changes_by_kind(difference: Difference) -> Iterator[tuple[str, Sequence[PolicyChange]]]:
    """Yield each kind of change that occurs, with its changes."""
    for name in _TITLES:
        changes: Sequence[PolicyChange] = getattr(difference, name)
        if changes:
            yield name, changes


def _summarize_changes(changes: Sequence[PolicyChange]) -> str:
    """Return the first change as text, and how many more there are."""
    more = len(changes) - 1
    return describe_policy_change(changes[0]) + (f" and {more} more" if more else "")
