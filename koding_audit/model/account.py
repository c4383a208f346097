"""Accounts, principals and callers, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from koding_audit.model.frozen import dataclass

PrincipalKind = Literal["user", "group", "role"]

PRINCIPAL_KINDS: tuple[PrincipalKind, ...] = ("group", "user", "role")
"""In the order in which a plan creates them: a group comes before the users that join it."""


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account.

    id: 12 digits.
    partition: `aws`, `aws-cn`, ...
    alias: the account alias, None if there is none or it was not read.
    """

    id: str
    partition: str
    alias: str | None = None

    @property
    def root_arn(self) -> str:
        """The subject of findings about the account and its root user."""
        return f"arn:{self.partition}:iam::{self.id}:root"

    def arn(self, kind: PrincipalKind, name: str, path: str = "/") -> str:
        """The ARN of a principal with this name and path, whether it exists or not."""
        return f"arn:{self.partition}:iam::{self.id}:{kind}{path}{name}"

    def policy_arn(self, name: str, path: str = "/") -> str:
        """The ARN of a customer managed policy with this name and path, whether it exists or not."""
        return f"arn:{self.partition}:iam::{self.id}:policy{path}{name}"


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal whose credentials are in use (sts:GetCallerIdentity).

    arn: its ARN.
    root: whether it is the root user.
    """

    arn: str
    root: bool


PrincipalKey = tuple[PrincipalKind, str]

EntityKind = Literal["user", "group", "role", "policy"]

EntityKey = tuple[EntityKind, str]

NAME_PARAMETERS: Mapping[EntityKind, str] = {
    "group": "GroupName",
    "user": "UserName",
    "role": "RoleName",
    "policy": "PolicyName",
}
"""The parameter by which IAM's actions name an entity of each kind; a policy that exists is named by its ARN."""


def principal_key(kind: PrincipalKind, name: str) -> PrincipalKey:
    """The key of a principal: IAM's names are unique ignoring case (aws: reference_iam-quotas)."""
    return kind, name.casefold()
