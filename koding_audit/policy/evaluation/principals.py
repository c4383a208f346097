"""The requester, and what a Principal element grants it: the way it names the requester decides which limits apply."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Literal

from koding_audit.model.frozen import dataclass
from koding_audit.policy.document import Principals
from koding_audit.policy.evaluation.patterns import glob_matcher, parse_pattern
from koding_audit.policy.evaluation.request import AccessRequest
from koding_audit.reference.reserved import ReservedNames

RequesterKind = Literal["user", "role", "session", "federated", "root", "outside"]


class Grant(enum.IntEnum):
    """How a Principal element names the requester (reference_policies_evaluation-logic, resource-based policies).

    NONE: not at all.
    MAYBE: unknown.
    MAYBE_DIRECT: itself, if the requester, of whom only the role or the groups are known, has this name.
    ACCOUNT: its account, which only delegates.
    ROLE: its role; boundary and session policy still apply.
    DIRECT: itself, or everyone.
    """

    NONE = 0
    MAYBE = 1
    MAYBE_DIRECT = 2
    ACCOUNT = 3
    ROLE = 4
    DIRECT = 5


@dataclass(frozen=True, slots=True)
class Requester:
    """A parsed principal.

    kind: `outside` is a service, an identity provider or an anonymous requester, which belong to no account.
    arn: its ARN, with `*` for a name that is not known, or the name of a service.
    account: the id of its account, or "".
    role_name: of a role or a session.
    role_arn: of a session's role if it is known: a session's own ARN lacks the role's path.
    unique_id: IAM's id, "" if it is not known.
    is_federated: whether a user requests with a session policy (GetFederationToken).
    """

    kind: RequesterKind
    arn: str
    account: str = ""
    role_name: str = ""
    role_arn: str = ""
    unique_id: str = ""
    is_federated: bool = False

    def is_service_linked(self, names: ReservedNames) -> bool:
        """Whether it is a session of a service-linked role, or the role itself."""
        if self.role_arn:
            return f":role{names.service_linked_path}" in self.role_arn
        if self.kind != "session":
            return False
        own = self.arn.split(":", 5)[-1].removeprefix("assumed-role")
        return own.startswith((f"/{names.service_linked_name}", names.service_linked_path))  # it may lack the path


def parse_requester(request: AccessRequest, *, session_policy: bool) -> Requester:
    """Parse the principal of a request. session_policy: whether it requests with a session policy."""
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


def principal_grant(principals: Principals, requester: Requester, *, allows: bool) -> Grant:
    """How the element names the requester. allows: whether the statement's effect is Allow."""
    best = max(
        (_value_grant(kind, value, requester, allows=allows) for kind, value in principals.values), default=Grant.NONE
    )
    if not principals.negated:
        return best
    if allows:  # everyone except those who are named in any way
        return Grant.DIRECT if best is Grant.NONE else Grant.NONE
    # A NotPrincipal exempts a principal by its own ARN; the account's ARN is required beside it, but exempts no
    # principal by itself (reference_policies_elements_notprincipal).
    if best in (Grant.MAYBE, Grant.MAYBE_DIRECT):
        return Grant.MAYBE
    return Grant.NONE if best >= Grant.ROLE else Grant.DIRECT


def _value_grant(kind: str, value: str, requester: Requester, *, allows: bool) -> Grant:
    if value == "*" and kind == "AWS":
        return Grant.DIRECT
    if requester.kind == "outside":
        if requester.arn == "*":  # anonymous: neither a service nor an identity provider
            return Grant.NONE
        is_named = value == requester.arn or (kind != "AWS" and value == "*")
        return Grant.DIRECT if is_named else Grant.NONE
    if kind == "CanonicalUser":  # an account, and only AWS knows which
        return Grant.DIRECT if value == requester.arn else Grant.MAYBE
    return _aws_value_grant(value, requester, allows=allows) if kind == "AWS" else Grant.NONE


def _aws_value_grant(value: str, requester: Requester, *, allows: bool) -> Grant:
    if value == requester.arn:
        return Grant.ROLE if requester.kind == "role" or requester.is_federated else Grant.DIRECT
    if value in (requester.account, _account_arn(requester)):
        return Grant.DIRECT if requester.kind == "root" else Grant.ACCOUNT
    if requester.kind in ("role", "session") and _is_same_role(value, requester):
        return Grant.ROLE
    if requester.unique_id and value == requester.unique_id:
        return Grant.ROLE if requester.kind in ("role", "session") or requester.is_federated else Grant.DIRECT
    if "*" in requester.arn and _is_match(requester.arn, value):
        return Grant.MAYBE_DIRECT  # the requester is any session of a role, or any member of a group
    if not allows and ("*" in value or "?" in value) and any(_is_match(value, each) for each in _names_of(requester)):
        return Grant.MAYBE  # IAM takes no wildcard within a name, so its effect is not documented
    return Grant.NONE


def _names_of(requester: Requester) -> Iterator[str]:
    """Yield the ARNs by which a Principal element can name the requester: its own, its role's and its account's."""
    yield requester.arn
    account = _account_arn(requester)
    yield account
    if requester.kind == "session":
        yield requester.role_arn or f"{account.removesuffix('root')}role/{requester.role_name}"


def _account_arn(requester: Requester) -> str:
    return f"arn:{requester.arn.split(':', 2)[1]}:iam::{requester.account}:root"


def _is_match(pattern: str, arn: str) -> bool:
    return glob_matcher(str(parse_pattern(pattern, wildcards=True, variables=False)))(arn)


def _is_same_role(value: str, requester: Requester) -> bool:
    if requester.role_arn:
        return value == requester.role_arn
    parts = value.split(":", 5)
    return (
        len(parts) == 6
        and parts[1:5] == _account_arn(requester).split(":")[1:5]
        and parts[5].startswith("role/")
        and parts[5].rpartition("/")[2] == requester.role_name
    )
