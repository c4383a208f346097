"""Names and paths in IAM that AWS reserves for its own roles, and for the policies of these roles."""

from __future__ import annotations

from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_rows

_KINDS = ("role path", "role name", "policy")


@dataclass(frozen=True, slots=True)
class ReservedNames:
    """What such names and paths begin with.

    role_paths: of roles that belong to an AWS service or to Identity Center, `/aws-service-role/`.
    role_names: of the same roles.
    policies: of policies that IAM attaches to service-linked roles only, as a desired-state file writes them.
    service_linked_path: the path of service-linked roles.
    service_linked_name: what their names begin with.
    """

    role_paths: tuple[str, ...]
    role_names: tuple[str, ...]
    policies: tuple[str, ...]
    service_linked_path: str
    service_linked_name: str

    def is_reserved_path(self, path: str) -> bool:
        """Whether a role with this path belongs to an AWS service or to Identity Center."""
        return path.startswith(self.role_paths)

    def is_reserved_role(self, name: str, path: str) -> bool:
        """Whether a role with this name or path belongs to an AWS service or to Identity Center."""
        return name.startswith(self.role_names) or self.is_reserved_path(path)

    def is_for_service_linked_roles(self, policy: str) -> bool:
        """Whether a policy of AWS, by its name with the path, can be attached to service-linked roles only."""
        return policy.startswith(self.policies)


def load_reserved_names() -> ReservedNames:
    """Load the table, in about 0.1 ms."""
    rows = [each for each in read_rows("reserved_names") if not each.get("inferred")]
    starts = {kind: tuple(each["starts_with"] for each in rows if each["of"] == kind) for kind in _KINDS}
    linked = {each["of"]: each["starts_with"] for each in rows if each.get("service_linked")}
    return ReservedNames(
        role_paths=starts["role path"],
        role_names=starts["role name"],
        policies=starts["policy"],
        service_linked_path=linked["role path"],
        service_linked_name=linked["role name"],
    )
