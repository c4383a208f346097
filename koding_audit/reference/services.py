"""The services of AWS: to which of them RCPs apply, and which of them have resources with policies of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_json, read_rows


@dataclass(frozen=True, slots=True)
class ServiceTable:
    """What is known of the services at one date. Services and actions are in lower case.

    date: of the list of services.
    names: the prefix of every service of that list; of newer ones it is not known whether RCPs apply.
    newer_actions: the actions that are not in that list, of which only the name is known.
    rcp_services: those to whose resources RCPs apply.
    wildcard_only: of each service with RCPs, its actions without a resource type.
    trust_policy_actions: the actions of STS on a role, which its trust policy must allow.
    without_resource_policies: the services whose resources have no policies.
    types_with_policies: of services with few such resources, their types, as an ARN spells them.
    exempt_callers: by action, the kinds of requesters that need no permission for it.
    refused_callers: by action, the kinds of requesters for which it is not available.
    rcp_exemptions: the actions that no RCP restricts.
    gateway_services: the services with gateway endpoints. The Principal of their policies must be `*`, and an account
        in it is only its root user (PrivateLink guide, vpc-endpoints-access).
    global_services: the services whose calls may go to one global region, and not to the caller's.
    """

    date: str
    names: frozenset[str]
    newer_actions: frozenset[str]
    rcp_services: frozenset[str]
    wildcard_only: Mapping[str, frozenset[str]]
    trust_policy_actions: frozenset[str]
    without_resource_policies: frozenset[str]
    types_with_policies: Mapping[str, frozenset[str]]
    exempt_callers: Mapping[str, frozenset[str]]
    refused_callers: Mapping[str, frozenset[str]]
    rcp_exemptions: frozenset[str]
    gateway_services: frozenset[str]
    global_services: frozenset[str]

    def rcps_apply(self, service: str, action: str) -> bool | None:
        """Whether RCPs apply to the resources of an action; None if this data cannot say.

        They apply to actions with a resource type only (Organizations guide, orgs_manage_policies_rcps).
        """
        if service not in self.names:
            return None
        if service not in self.rcp_services or action in self.rcp_exemptions:
            return False
        if action in self.newer_actions:
            return None
        return not self.is_wildcard_only(service, action)

    def is_wildcard_only(self, service: str, action: str) -> bool:
        """Whether an action of a service with RCPs has no resource type."""
        return action in self.wildcard_only.get(service, ())

    def may_have_policy(self, service: str, resource: str) -> bool:
        """Whether a resource of a service may have a policy of its own."""
        types = self.types_with_policies.get(service)
        if types is not None:
            return resource.split(":", 5)[-1].partition("/")[0] in types
        return service not in self.without_resource_policies

    def is_about_key(self, action: str) -> bool:
        """Whether an action is one on a KMS key, which the key's own policy must allow."""
        service = action.partition(":")[0]
        return service == "kms" and not self.is_wildcard_only(service, action)


def load_services() -> ServiceTable:
    """Load the table, in less than 1 ms. Keep the value for further calls."""
    generated, actions = read_json("services"), read_rows("special_actions")
    policies = read_rows("resource_policies")
    return ServiceTable(
        date=generated["origin"]["date"],
        names=frozenset(generated["services"]),
        newer_actions=_read_newer_actions(),
        rcp_services=frozenset(generated["wildcard_only"]),
        wildcard_only={
            service: frozenset(f"{service}:{name}" for name in names)
            for service, names in generated["wildcard_only"].items()
        },
        trust_policy_actions=frozenset(generated["trust_policy_actions"]),
        without_resource_policies=frozenset(
            row["service"] for row in policies if row["resource_policies"] == "none" and not row.get("inferred")
        ),
        types_with_policies={row["service"]: frozenset(row["types"]) for row in policies if "types" in row},
        exempt_callers=_callers_by_action(actions, "needs no permission"),
        refused_callers=_callers_by_action(actions, "is not available"),
        rcp_exemptions=frozenset(_callers_by_action(actions, "is not restricted by RCPs")),
        gateway_services=_read_service_names("gateway_endpoints"),
        # An inferred row counts: it only leaves the region of a request open.
        global_services=_read_service_names("global_services"),
    )


def _read_newer_actions() -> frozenset[str]:
    services = read_json("newer_actions")["actions"]
    return frozenset(f"{service}:{name.lower()}" for service, names in services.items() for name in names)


def _read_service_names(table: str) -> frozenset[str]:
    return frozenset(row["service"] for row in read_rows(table))


def _callers_by_action(rows: Sequence[Mapping[str, object]], rule: str) -> Mapping[str, frozenset[str]]:
    found = {}
    for row in rows:
        callers = row["callers"]
        if row["rule"] == rule and not row.get("inferred") and isinstance(callers, list):
            found[str(row["action"]).lower()] = frozenset(callers)
    return found
