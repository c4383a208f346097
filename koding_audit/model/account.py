"""Accounts, principals and callers, by name."""

from __future__ import annotations

from typing import Literal

from koding_audit.model.frozen import dataclass

PrincipalKind = Literal["user", "group", "role"]


# --- the live state -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    partition: str
    alias: str | None = None

    @property
    def root_arn(self) -> str:
        """The subject of findings about the account and its root user."""
        return f"arn:{self.partition}:iam::{self.id}:root"

    def arn(self, kind: PrincipalKind, name: str, path: str = "/") -> str:
        """The ARN that a principal of this name and path has, or would have."""
        return f"arn:{self.partition}:iam::{self.id}:{kind}{path}{name}"

    def policy_arn(self, name: str, path: str = "/") -> str:
        """The ARN that one of its own policies of this name and path has, or would have."""
        return f"arn:{self.partition}:iam::{self.id}:policy{path}{name}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials are in use (sts:GetCallerIdentity)."""

    arn: str
    root: bool


PrincipalKey = tuple[PrincipalKind, str]

EntityKind = Literal["user", "group", "role", "policy"]

EntityKey = tuple[EntityKind, str]


def principal_key(kind: PrincipalKind, name: str) -> PrincipalKey:
    """How a principal is found: IAM's names are unique ignoring case (aws: reference_iam-quotas)."""
    return kind, name.casefold()
