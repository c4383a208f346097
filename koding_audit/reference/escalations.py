"""The actions with which a principal can make itself an administrator."""

from __future__ import annotations

from koding_audit.model.account import Account
from koding_audit.model.frozen import dataclass
from koding_audit.reference.tables import read_rows


@dataclass(frozen=True, slots=True)
class EscalationAction:
    """An action with which a principal can make itself an administrator: a way.

    action: the action, `iam:PutUserPolicy`.
    kind: the type of the resource that it changes, as AWS calls it; "" if the action has none.
    arn: how the ARNs of these resources begin, with `${Partition}` and `${Account}`; `*` if the action has no type.
    others_only: whether it escalates only on another principal than the caller.
    unrestricted_only: whether it escalates only if it is not limited to resources by their names.
    in_organization: whether it escalates only in the management account of an organization, or in an account that is
        a delegated administrator.
    delegates: the service whose delegated administrator may use it, `sso.amazonaws.com`; "" for that of any service.
    trusted: the service that a role of the account must trust, `rolesanywhere.amazonaws.com`; "" for none.
    keys: condition keys with the value that a request must have to escalate.
    through_role: whether it escalates only on a role of the account that trusts the caller and has a way itself.
    any_account: whether its resources have the id of another account of the organization in their ARN: that of a
        member account, or of the management account. The caller's own policies decide nevertheless.
    """

    action: str
    kind: str
    arn: str
    others_only: bool = False
    unrestricted_only: bool = False
    in_organization: bool = False
    delegates: str = ""
    trusted: str = ""
    keys: tuple[tuple[str, str], ...] = ()
    through_role: bool = False
    any_account: bool = False

    @property
    def depends_on_names(self) -> bool:
        """Whether it escalates only on resources that are not limited by a name, or not by the caller's own."""
        return self.others_only or self.unrestricted_only

    @property
    def is_conditional(self) -> bool:
        """Whether it escalates in some accounts only."""
        return self.in_organization or self.through_role or self.trusted != ""

    @property
    def kind_of_way(self) -> tuple[object, ...]:
        """What two actions of a service have in common where the same statements about them have the same effect."""
        service = self.action.partition(":")[0]
        limits = (self.others_only, self.unrestricted_only, self.keys, self.any_account)
        return (service, self.kind, self.arn, *limits)

    def arn_prefix(self, account: Account) -> str:
        """How the ARNs of the resources begin in an account; `*` if the action has no type of resource."""
        return self.arn.replace("${Partition}", account.partition).replace("${Account}", account.id)


@dataclass(frozen=True, slots=True)
class PassRoleUse:
    """A service that works with a role which is passed to it.

    name: the name of the service, or of a part of it.
    service: the service principal that the role must trust.
    needs: what a principal needs besides `iam:PassRole`: one action of each item.
    """

    name: str
    service: str
    needs: tuple[tuple[str, ...], ...]

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The condition keys of the request that passes a role to the service."""
        return (("iam:PassedToService", self.service),)


def load_escalation_actions() -> tuple[EscalationAction, ...]:
    """Load the table, in less than 1 ms, in the order in which a message names the actions."""
    return tuple(
        EscalationAction(
            action=row["action"],
            kind=row["kind"],
            arn=row["arn"],
            others_only=row.get("others_only", False),
            unrestricted_only=row.get("unrestricted_only", False),
            in_organization=row.get("organization", False),
            delegates=row.get("delegates", ""),
            trusted=row.get("trusted", ""),
            keys=tuple(row.get("keys", {}).items()),
            through_role=row.get("through_role", False),
            any_account=row.get("any_account", False),
        )
        for row in read_rows("escalation_actions")
    )


def load_pass_role_uses() -> tuple[PassRoleUse, ...]:
    """Load the table of services that work with a role, in less than 1 ms; the best known are first."""
    rows = read_rows("pass_role_uses")
    return tuple(PassRoleUse(row["name"], row["service"], tuple(map(tuple, row["needs"]))) for row in rows)
