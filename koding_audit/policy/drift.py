"""How a live policy document differs in meaning from the one that was written, in words and as evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from koding_audit.model.frozen import dataclass
from koding_audit.policy import document
from koding_audit.policy.diff import Difference, PolicyChange, compare_documents, describe_policy_change

_MOST_CHANGES = 20  # changes of a kind that a report carries; the semantic diff may find thousands
_TITLES: Mapping[str, str] = {
    "gained": "it allows what it should not",
    "lost": "it does not allow what it should",
    "forbidden": "it denies what it should not",
    "released": "it does not deny what it should",
}


@dataclass(frozen=True, slots=True)
class Drift:
    """words: for a message; evidence: the verdict, and what was gained and lost, each with an example resource.

    Of a condition there are its key and operator, and no value: a report goes further than the policies in it.
    """

    description: str
    evidence: Mapping[str, Any]


def find_drift(live: str, wanted: str) -> Drift | None:
    """What the live document grants differently from the wanted one; None where both mean the same."""
    try:
        difference = compare_documents(document.parse_document(wanted), document.parse_document(live), values=False)
    except document.DocumentError as error:
        return Drift(f"it cannot be compared: {error.message}", {"verdict": "undecided", "why": error.message})
    if difference.verdict == "equal":
        return None
    parts = list(_changes_by_kind(difference))
    words = "; ".join(f"{_TITLES[name]}: {_summarize_changes(changes)}" for name, changes in parts)
    why = {"why": difference.why} if difference.why else {}
    found = {name: [asdict(each) for each in changes[:_MOST_CHANGES]] for name, changes in parts}
    more = {f"more_{name}": len(changes) - _MOST_CHANGES for name, changes in parts if len(changes) > _MOST_CHANGES}
    undecided = f"whether it means the same is not decided: {difference.why}"
    return Drift(words or undecided, {"verdict": difference.verdict, **found, **more, **why})


def _changes_by_kind(difference: Difference) -> Iterator[tuple[str, Sequence[PolicyChange]]]:
    """The kinds of change that there are, with their changes."""
    for name in _TITLES:
        changes: Sequence[PolicyChange] = getattr(difference, name)
        if changes:
            yield name, changes


def _summarize_changes(changes: Sequence[PolicyChange]) -> str:
    """The first change, and how many more there are."""
    more = len(changes) - 1
    return describe_policy_change(changes[0]) + (f" and {more} more" if more else "")
