"""Until when keys and sign-in are known: a note of the audit, and with `strict` a gap."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import CredentialCutoff
from koding_audit.report.status import audit_status
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.credential_cutoff import cutoff_gaps, cutoff_note, relevant_cutoff
from tests.values import NOW, desired, snapshot

LOOKUP = "cloudtrail:LookupEvents"
CUTOFF = CredentialCutoff(NOW - timedelta(hours=3), LOOKUP, "AccessDeniedException", LOOKUP)
LIVE = replace(snapshot(), credential_cutoff=CUTOFF)
RULES = ["access-key-extra", "policy-missing"]


def test_an_audit_says_until_when_keys_and_sign_in_are_known_and_stays_clean() -> None:
    found = audit_snapshot(desired(), LIVE, load_rules(only=RULES))
    assert found.credentials_as_of == CUTOFF.as_of
    assert found.notes == (cutoff_note(CUTOFF),)
    assert cutoff_note(CUTOFF).message == (
        "keys and sign-in as of 2026-11-23T17:00:00Z: later changes are not known"
        " (cloudtrail:LookupEvents: AccessDeniedException)"
    )
    assert cutoff_note(CUTOFF).hint == "grant the caller cloudtrail:LookupEvents"
    assert audit_status(found, "note") == "clean"


def test_with_strict_it_is_incomplete_and_names_the_rules_and_the_permission() -> None:
    found = audit_snapshot(desired(strict=True), LIVE, load_rules(only=RULES))
    assert audit_status(found, "warning") == "incomplete"
    assert found.notes == (cutoff_note(CUTOFF),)
    (gap,), (blocked,) = found.gaps, found.blocked_rules
    reason = "AccessDeniedException, so as of 2026-11-23T17:00:00Z"
    assert gap == Gap(Fact.ACCESS_KEYS, LOOKUP, reason, permission=LOOKUP)
    assert blocked == ("access-key-extra",)
    assert {each.fact for each in cutoff_gaps(CUTOFF)} == {Fact.ACCESS_KEYS, Fact.CONSOLE}


@pytest.mark.parametrize("strict", [False, True])
def test_where_no_rule_needs_keys_or_sign_in_nothing_is_said(strict: bool) -> None:
    chosen = load_rules(only=["policy-missing", "root-used", "service-credential-unexpected"])
    assert relevant_cutoff(LIVE, chosen) is None
    found = audit_snapshot(desired(strict=strict), LIVE, chosen)
    assert (found.credentials_as_of, found.notes) == (None, ())
    assert audit_status(found, "note") == "clean"


def test_where_everything_is_known_nothing_is_said() -> None:
    found = audit_snapshot(desired(strict=True), snapshot(), load_rules(only=RULES))
    assert (found.credentials_as_of, found.notes, found.gaps) == (None, (), ())
