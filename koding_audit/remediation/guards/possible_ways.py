"""The ways to administration that can work in one account, as far as it was read."""

from __future__ import annotations

from koding_audit.model.snapshot import Snapshot
from koding_audit.policy.document import DocumentError, parse_document
from koding_audit.reference.escalations import EscalationAction, load_escalation_actions


def load_possible_ways(known: Snapshot) -> tuple[EscalationAction, ...]:
    """The ways of every account, and those whose condition is met, or is not known.

    A service that a role must trust is known from the roles that were read: of an unread role it is not judged.
    """
    return tuple(
        each
        for each in load_escalation_actions()
        if _works_in_organization(each, known) is not False and (not each.trusted or _is_trusted(each.trusted, known))
    )


def is_uncertain(way: EscalationAction, known: Snapshot) -> bool:
    """Whether a way works only from an account that manages its organization, and it is not known if this one does."""
    return _works_in_organization(way, known) is None


def _works_in_organization(way: EscalationAction, known: Snapshot) -> bool | None:
    return not way.in_organization or known.organization.is_managed_from(known.account.id, way.delegates)


def _is_trusted(service: str, known: Snapshot) -> bool:
    """Whether a role that was read trusts a service."""
    roles = (each for each in known.principals.values() if each.kind == "role")
    return any(_may_trust(each.trust, service) for each in roles if each.trust)


def _may_trust(policy: str, service: str) -> bool:
    """Whether a trust policy allows a service to assume the role, under some condition or none, or cannot be parsed."""
    try:
        statements = parse_document(policy).statements
    except DocumentError:
        return True
    allowed = (each.principals for each in statements if each.effect == "Allow" and each.principals is not None)
    return any(each.negated or ("Service", service) in each.values for each in allowed)
