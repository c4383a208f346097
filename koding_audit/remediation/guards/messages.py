"""Words that the messages of guards share."""

from __future__ import annotations

from collections.abc import Iterable

from koding_audit.model.arn import policy_name

_MAX_SHOWN = 3  # actions, steps or documents that a message names


def document_title(name: str) -> str:
    """The title of a document in Snapshot.documents: `IAMFullAccess`, `inline policy own of user ada`."""
    arn, _, version = name.partition("@") if name.startswith("arn:") else ("", "", "")
    if arn:
        return f"version {version} of {policy_name(arn)}" if version else policy_name(arn)
    kind, _, rest = name.partition("/")
    principal, _, policy = rest.partition("/")
    return f"inline policy {policy} of {kind} {principal}"


def join_first(texts: Iterable[str], separator: str = ", ") -> str:
    """The first few texts, and how many more there are."""
    items = list(texts)
    more = len(items) - _MAX_SHOWN
    return separator.join(items[:_MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")
