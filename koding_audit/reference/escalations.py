"""The actions with which a principal can make itself an administrator."""

from __future__ import annotations

from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_rows


@dataclass(frozen=True, slots=True)
class EscalationAction:
    """An action with which a principal can make itself an administrator.

    action: the action, `iam:PutUserPolicy`.
    kind: the kind of the resource that it changes.
    others_only: whether it escalates only on another principal than the caller.
    unrestricted_only: whether it escalates only if it is not limited to resources by their names.
    """

    action: str
    kind: str
    others_only: bool = False
    unrestricted_only: bool = False


def load_escalation_actions() -> tuple[EscalationAction, ...]:
    """Load the table, in less than 1 ms."""
    return tuple(
        EscalationAction(row["action"], row["kind"], row.get("others_only", False), row.get("unrestricted_only", False))
        for row in read_rows("escalation_actions")
    )
