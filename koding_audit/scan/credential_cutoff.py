"""Says until when keys and sign-in are known, where a credential report shows that users have none."""

from __future__ import annotations

from collections.abc import Iterable

from koding_audit.io.json_text import format_time
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import AuditNote
from koding_audit.model.snapshot import NOT_LOOKED_UP, CredentialCutoff, Snapshot
from koding_audit.scan.catalog import AuditRule

_FACTS = (Fact.ACCESS_KEYS, Fact.CONSOLE)


def relevant_cutoff(snapshot: Snapshot, chosen: Iterable[AuditRule]) -> CredentialCutoff | None:
    """The time until which keys and sign-in are known, if it is limited and a chosen rule needs one of them."""
    needs_them = any(not rule.facts.isdisjoint(_FACTS) for rule in chosen)
    return snapshot.credential_cutoff if needs_them else None


def cutoff_note(cutoff: CredentialCutoff) -> AuditNote:
    """The note of an audit about the time until which keys and sign-in are known."""
    time = format_time(cutoff.as_of)
    message = f"keys and sign-in as of {time}: later changes are not known ({cutoff.call}: {cutoff.reason})"
    hint = f"grant the caller {cutoff.permission}" if cutoff.permission else ""
    hint = "save the snapshot again" if cutoff.reason == NOT_LOOKED_UP else hint
    return AuditNote("credentials-as-of", message, hint)


def cutoff_gaps(cutoff: CredentialCutoff) -> tuple[Gap, ...]:
    """The gaps of a strict audit: what was changed later was not read."""
    reason = f"{cutoff.reason}, so as of {format_time(cutoff.as_of)}"
    return tuple(Gap(fact, cutoff.call, reason, permission=cutoff.permission) for fact in _FACTS)
