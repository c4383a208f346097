"""The ways to administration that can work in one account, as far as it was read."""

from __future__ import annotations

from koding_audit.model.snapshot import Snapshot
from koding_audit.policy.document import DocumentError, parse_document
from koding_audit.reference.escalations import EscalationAction, load_escalation_actions


def load_possible_ways(known: Snapshot) -> tuple[EscalationAction, ...]:
    """The ways of every account, and those whose condition is met, or is not known.

    Whom a role trusts is known from the roles that were read: an unread role is not judged.
    """
    trusts = tuple(each.trust for each in known.principals.values() if each.kind == "role" and each.trust)
    return tuple(
        each
        for each in load_escalation_actions()
        if _works_in_organization(each, known) is not False
        and (not each.trusted or any(_may_trust(trust, each.trusted) for trust in trusts))
        and (trusts or not each.through_role)
    )


def is_uncertain(way: EscalationAction, known: Snapshot) -> bool:
    """Whether a way works only from an account that manages its organization, and it is not known if this one does."""
    return _works_in_organization(way, known) is None


def _works_in_organization(way: EscalationAction, known: Snapshot) -> bool | None:
    return not way.in_organization or known.organization.is_managed_from(known.account.id, way.delegates)


def _may_trust(policy: str, service: str) -> bool:
    """Whether a trust policy allows a service to assume the role, under some condition or none, or cannot be parsed."""
    try:
        statements = parse_document(policy).statements
    except DocumentError:
        return True
    allowed = (each.principals for each in statements if each.effect == "Allow" and each.principals is not None)
    return any(each.negated or ("Service", service) in each.values for each in allowed)
