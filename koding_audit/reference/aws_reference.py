"""What this tool knows about AWS, as one value."""

from __future__ import annotations

from koding_audit.model.frozen import dataclass
from koding_audit.reference.condition_keys import ConditionKeyTable, load_condition_keys
from koding_audit.reference.owned import OwnedTable, load_owned_resources
from koding_audit.reference.reserved import ReservedNames, load_reserved_names
from koding_audit.reference.services import ServiceTable, load_services


@dataclass(frozen=True, slots=True)
class AwsReference:
    """The tables that a decision needs.

    services: to which services RCPs apply, and which have resource policies.
    condition_keys: the global condition keys.
    owned: what AWS owns.
    reserved: the names and paths of AWS's own roles.
    """

    services: ServiceTable
    condition_keys: ConditionKeyTable
    owned: OwnedTable
    reserved: ReservedNames

    @property
    def date(self) -> str:
        """The date of the lists of services, actions and condition keys, ISO 8601: AWS extends them every week."""
        return self.services.date

    def depends_on_resource(self, action: str) -> bool:
        """Whether the resource of an action, in lower case, matters even if no statement names one."""
        is_special = action in self.services.trust_policy_actions or action in self.owned.by_action
        return is_special or self.services.is_about_key(action)


def load_reference() -> AwsReference:
    """Load the tables, in about 3 ms. Keep the value for further calls."""
    return AwsReference(load_services(), load_condition_keys(), load_owned_resources(), load_reserved_names())
