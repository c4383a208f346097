"""Groups the needs of a stack by the resource of the script that needs them."""

from __future__ import annotations

from collections.abc import Iterable

from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location
from koding_audit.model.stack import StackNeed


@dataclass(frozen=True, slots=True)
class ResourceNeeds:
    """What one resource of a script needs.

    resource: its address, such as `aws_eip.web`
    location: where the script declares it
    needs: the positions of its needs in the list that was grouped, in order
    """

    resource: str
    location: Location
    needs: tuple[int, ...]


def group_by_resource(needs: Iterable[StackNeed]) -> tuple[ResourceNeeds, ...]:
    """Returns the groups in the order of their first needs. A need that several resources have is in each group."""
    found: dict[tuple[str, Location], dict[int, None]] = {}
    for position, need in enumerate(needs):
        for use in need.uses:
            found.setdefault((use.resource, use.location), {})[position] = None
    return tuple(ResourceNeeds(*place, tuple(positions)) for place, positions in found.items())
