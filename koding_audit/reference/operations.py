"""Which IAM actions an API operation or a CloudTrail event needs, and how SDKs and CloudTrail name services."""

from __future__ import annotations

import re
from collections.abc import Mapping

from koding_audit.model.frozen import dataclass
from koding_audit.reference.actions import ActionList
from koding_audit.reference.tables import read_json, read_rows

# CloudTrail adds the version of the API to the events of Lambda and CloudFront; `V2` at an end is part of a name.
_VERSION = re.compile(r"(?:[0-9]{8}(?:v[0-9])?|[0-9]{4}_[0-9]{2}_[0-9]{2})\Z")
_HOST = ".amazonaws.com"


@dataclass(frozen=True, slots=True)
class OperationTable:
    """Operations and services at one date; an operation is `service:Operation` with an IAM prefix.

    event_sources: CloudTrail's event sources whose host is not the IAM prefix.
    actions: the actions of operations that have no action of their own name.
    inferred: the same where no source reports it: these actions are candidates.
    sdk_services: by `service_key`, the IAM prefix.
    shared: operations that more services have than the list of actions shows.
    """

    event_sources: Mapping[str, str]
    actions: Mapping[str, tuple[str, ...]]
    inferred: Mapping[str, tuple[str, ...]]
    sdk_services: Mapping[str, str]
    shared: frozenset[str]

    def service_of_event(self, source: str) -> str:
        """Return the IAM prefix of an event source, `monitoring.amazonaws.com`; "" for another host."""
        if source in self.event_sources:
            return self.event_sources[source]
        name = source.removesuffix(_HOST)
        return name if name != source and "." not in name else ""

    def service_of_sdk(self, name: str) -> str:
        """Return the IAM prefix of a service by its name in an SDK, `Elastic Load Balancing v2`; "" if unknown."""
        key = service_key(name)
        return self.sdk_services.get(key) or self.sdk_services.get(key.removesuffix("v2"), "")

    def actions_of(self, service: str, operation: str, known: ActionList) -> tuple[str, ...]:
        """Return the actions that an operation needs, as AWS spells them; () if that is not certain.

        service: the IAM prefix. operation: also an event's name, with the version that CloudTrail adds.
        """
        name = f"{service}:{_VERSION.sub('', operation)}"
        if name in self.actions or name in self.inferred:
            return self.actions.get(name, ())
        own = known.canonical_name(name)
        return (own,) if own else ()

    def candidates_of(self, service: str, operation: str, known: ActionList) -> tuple[str, ...]:
        """Return the actions that an operation may need, also those that no source reports."""
        name = f"{service}:{_VERSION.sub('', operation)}"
        return self.inferred.get(name) or self.actions_of(service, operation, known)

    def service_of_operation(self, operation: str, known: ActionList) -> str:
        """Return the IAM prefix of the only service that has an operation; "" if several have, or none."""
        if operation in self.shared:
            return ""
        mapped = {each.partition(":")[0] for each in (*self.actions, *self.inferred) if each.endswith(f":{operation}")}
        having = mapped | {each for each in known.services if f"{each}:{operation}" in known}
        return min(having) if len(having) == 1 else ""


def service_key(name: str) -> str:
    """Return a service's name as the table of SDKs has it: in lower case, without spaces and the company's name."""
    key = re.sub(r"[\s_-]", "", name).lower()
    return re.sub(r"\A(?:amazon|aws)", "", key)


def load_operations() -> OperationTable:
    """Load the table, in about 2 ms. Keep the value for further calls."""
    rows, sdk = read_rows("operation_actions"), read_json("sdk_services")
    return OperationTable(
        event_sources={row["event_source"]: row["service"] for row in read_rows("event_sources")},
        actions={row["operation"]: tuple(row["actions"]) for row in rows if not row.get("inferred")},
        inferred={row["operation"]: tuple(row["actions"]) for row in rows if row.get("inferred")},
        sdk_services=sdk["services"],
        shared=frozenset(sdk["shared"]),
    )
