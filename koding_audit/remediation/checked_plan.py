"""A plan that the guards have judged, with what they judged it from."""

from __future__ import annotations

from koding_audit.model.frozen import dataclass
from koding_audit.model.plan import Plan
from koding_audit.model.snapshot import Snapshot
from koding_audit.remediation.guards import Judgement


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """A plan and the result of its guards.

    plan: the plan.
    judgement: what the guards found.
    audited: the snapshot that the plan was made from.
    known: that snapshot with what the guards have read.
    """

    plan: Plan
    judgement: Judgement
    audited: Snapshot
    known: Snapshot
