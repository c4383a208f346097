"""The policies that decide what a holder may do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A document of a policy.

    name: its name in Snapshot.documents.
    text: its JSON.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class EffectivePolicies:
    """The policies that decide what a holder may do.

    identity: attached and inline policies, also of groups.
    boundary: the permissions boundary; None if there is none.
    scps: the SCPs of each level, from the root down to the account.
    management_account: the id of the organization's management account; "" if unknown.
    """

    identity: tuple[NamedDocument, ...] = ()
    boundary: NamedDocument | None = None
    scps: tuple[tuple[NamedDocument, ...], ...] = ()
    management_account: str = ""

    @property
    def every_document(self) -> tuple[NamedDocument, ...]:
        """All of the documents, those that only limit included."""
        limits = (self.boundary, *(each for level in self.scps for each in level))
        return (*self.identity, *(each for each in limits if each is not None))


NO_POLICIES = EffectivePolicies()
"""The policies of a principal that has none, and that nothing limits."""

ALLOW_ALL = NamedDocument(
    "", '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
)
"""A policy that allows everything."""

RoleTrusts = tuple[tuple[str, str], ...]
"""Trust policies of roles, each behind the ARN of its role."""
