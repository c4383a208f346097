"""What AWS owns in every account, and no principal may change: its policies, roles and aliases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from fnmatch import fnmatchcase

from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_rows


@dataclass(frozen=True, slots=True)
class OwnedResource:
    """A kind of resource that AWS owns.

    what: for people, `an AWS managed policy`.
    pattern: its ARNs, with `*`.
    """

    what: str
    pattern: str


@dataclass(frozen=True, slots=True)
class OwnedTable:
    """The resources of AWS.

    by_action: the resources on which AWS refuses an action of an account, by the action in lower case.
    exempt_from_rcps: the ARNs to which no RCP applies, as patterns.
    """

    by_action: Mapping[str, tuple[OwnedResource, ...]]
    exempt_from_rcps: tuple[str, ...]

    def find_refusal(self, action: str, resource: str) -> OwnedResource | None:
        """Return the owned resource on which AWS refuses this action for everyone; None if it does not.

        action: in lower case.
        resource: an ARN, or a pattern of ARNs: all that it matches must be owned.
        """
        found = self.by_action.get(action, ())
        return next((each for each in found if fnmatchcase(resource, each.pattern)), None)

    def is_exempt_from_rcps(self, resource: str) -> bool:
        """Whether no RCP applies to a resource, or to any that a pattern matches."""
        return any(fnmatchcase(resource, each) for each in self.exempt_from_rcps)


def load_owned_resources() -> OwnedTable:
    """Load the table, in less than 1 ms."""
    rows = read_rows("aws_owned")
    found: dict[str, list[OwnedResource]] = defaultdict(list)
    for row in rows:
        for action in () if row.get("inferred") else row["refused"]:
            found[action.lower()].append(OwnedResource(row["what"], row["resource"]))
    return OwnedTable(
        {action: tuple(each) for action, each in found.items()},
        tuple(sorted({row["resource"] for row in rows if not row.get("rcps_apply", True)})),
    )
