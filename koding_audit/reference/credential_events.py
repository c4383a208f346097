"""The events of CloudTrail after which a user may have a credential that an older credential report does not show."""

from __future__ import annotations

from collections.abc import Mapping

from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_rows


@dataclass(frozen=True, slots=True)
class CredentialEvents:
    """The events, and where they are recorded.

    sources: the service that records each event, `iam.amazonaws.com`, by the event's name.
    regions: the region in which CloudTrail records the events of IAM, by partition; a partition that is not in it is
        not known.
    """

    sources: Mapping[str, str]
    regions: Mapping[str, str]


def load_credential_events() -> CredentialEvents:
    """Load both tables, in less than 1 ms."""
    return CredentialEvents(
        sources={row["event"]: row["event_source"] for row in read_rows("credential_events")},
        # An inferred row is left out: no event in a wrong region would look like no change.
        regions={row["partition"]: row["region"] for row in read_rows("iam_event_regions") if not row.get("inferred")},
    )
