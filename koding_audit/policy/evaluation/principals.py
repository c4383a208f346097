"""Who asks, and what a Principal element gives them: the way it names them decides what else binds the grant."""

from __future__ import annotations

import enum
from typing import Literal

from koding_audit.model.frozen import dataclass
from koding_audit.policy.document import Principals
from koding_audit.policy.evaluation.patterns import glob_matcher, parse_pattern
from koding_audit.policy.evaluation.request import AccessRequest

RequesterKind = Literal["user", "role", "session", "federated", "root", "outside"]

_SERVICE_ROLE = "aws-service-role/"  # the path of service-linked roles
_SERVICE_ROLE_NAME = "AWSServiceRoleFor"  # and how their names begin: a session's ARN has no path


class Grant(enum.IntEnum):
    """How a Principal element names who asks (reference_policies_evaluation-logic, resource-based policies).

    NONE: not at all; MAYBE: cannot be told; ACCOUNT: its account, which only delegates; ROLE: its role, which leaves
    boundary and session policy in force; DIRECT: itself, or everybody.
    """

    NONE = 0
    MAYBE = 1
    ACCOUNT = 2
    ROLE = 3
    DIRECT = 4


@dataclass(frozen=True, slots=True)
class Requester:
    """A principal, taken apart. outside: what no account holds: a service, an identity provider, nobody.

    role_arn: of a session's role where it is known, for a session's own ARN lacks the role's path.
    """

    kind: RequesterKind
    arn: str
    account: str = ""
    role_name: str = ""
    role_arn: str = ""
    unique_id: str = ""
    is_federated: bool = False  # a user who asks with a session policy: GetFederationToken

    @property
    def is_service_linked(self) -> bool:
        if self.role_arn:
            return f":role/{_SERVICE_ROLE}" in self.role_arn
        own = self.arn.split(":", 5)[-1].removeprefix("assumed-role/")
        return self.kind == "session" and own.startswith((_SERVICE_ROLE_NAME, _SERVICE_ROLE))


def parse_requester(request: AccessRequest, *, session_policy: bool) -> Requester:
    arn = request.principal
    if arn.isdigit() and len(arn) == 12:
        return Requester("root", f"arn:aws:iam::{arn}:root", arn)
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return Requester("outside", arn)
    account, (kind, _, rest) = parts[4], parts[5].partition("/")
    ids = request.context.get("aws:userid")
    unique_id = ids[0].partition(":")[0] if isinstance(ids, tuple) else ""
    if kind == "root":
        return Requester("root", arn, account)
    if kind == "user":
        return Requester("user", arn, account, unique_id=unique_id, is_federated=session_policy)
    if kind == "federated-user":
        return Requester("federated", arn, account)
    if kind == "role":
        return Requester("role", arn, account, rest.rpartition("/")[2], arn, unique_id)
    if kind == "assumed-role":
        known = request.context.get("aws:principalarn")
        role_arn = known[0] if isinstance(known, tuple) and ":role/" in known[0] else ""
        name = rest.rpartition("/")[0].rpartition("/")[2]
        return Requester("session", arn, account, name, role_arn, unique_id)
    return Requester("outside", arn, account)


def principal_grant(principals: Principals, who: Requester, *, allows: bool) -> Grant:
    """What the element gives them. allows: the statement's effect is Allow."""
    best = max((_value_grant(kind, value, who, allows=allows) for kind, value in principals.values), default=Grant.NONE)
    if not principals.negated:
        return best
    if allows:  # everybody but those who are named in any way
        return Grant.DIRECT if best is Grant.NONE else Grant.NONE
    # Who is not to be denied is named by ARN; the account's ARN beside it is asked for, and exempts nobody by itself
    # (reference_policies_elements_notprincipal).
    return Grant.NONE if best >= Grant.ROLE else Grant.DIRECT if best is not Grant.MAYBE else Grant.MAYBE


def _value_grant(kind: str, value: str, who: Requester, *, allows: bool) -> Grant:
    if value == "*" and kind == "AWS":
        return Grant.DIRECT
    if who.kind == "outside":
        return Grant.DIRECT if kind != "AWS" and value in (who.arn, "*") else _direct_or_none(value == who.arn)
    if kind == "CanonicalUser":  # stands for an account, and only AWS knows for which
        return Grant.DIRECT if value == who.arn else Grant.MAYBE
    return _aws_value_grant(value, who, allows=allows) if kind == "AWS" else Grant.NONE


def _aws_value_grant(value: str, who: Requester, *, allows: bool) -> Grant:
    if value == who.arn:
        return Grant.ROLE if who.kind == "role" or who.is_federated else Grant.DIRECT
    if value == who.account or (value.endswith(f"::{who.account}:root") and value.startswith("arn:")):
        return Grant.DIRECT if who.kind == "root" else Grant.ACCOUNT
    if who.kind in ("role", "session") and _is_same_role(value, who):
        return Grant.ROLE
    if who.unique_id and value == who.unique_id:
        return Grant.ROLE if who.kind in ("role", "session") or who.is_federated else Grant.DIRECT
    if (
        "*" in value
        and not allows
        and glob_matcher(str(parse_pattern(value, wildcards=True, variables=False)))(who.arn)
    ):
        return Grant.MAYBE  # no part of a name can be a wildcard: nobody knows what a service made of it
    return Grant.NONE


def _is_same_role(value: str, who: Requester) -> bool:
    if who.role_arn:
        return value == who.role_arn
    parts = value.split(":", 5)
    return (
        len(parts) == 6
        and parts[4] == who.account
        and parts[5].startswith("role/")
        and parts[5].rpartition("/")[2] == who.role_name
    )


def _direct_or_none(same: bool) -> Grant:
    return Grant.DIRECT if same else Grant.NONE
