"""Reads the credential report and the credentials of users of a live account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from koding_audit.aws import credential_report, iam
from koding_audit.aws.connection import Connection
from koding_audit.aws.credential_changes import LOOKUP_EVENTS, list_changed_users
from koding_audit.aws.credential_report import CredentialRow, ReportFormatError
from koding_audit.aws.live_reads import PendingRead, ReadTracker, failure_reason, missing_permission
from koding_audit.aws.queries import REPORTED_FACTS, needs_reported_facts
from koding_audit.model.account import PrincipalKey, principal_key
from koding_audit.model.errors import CallError
from koding_audit.model.fact_calls import CREDENTIAL_FACTS
from koding_audit.model.query import LIVE_CREDENTIAL_USERS, Fact, Gap, Query
from koding_audit.model.snapshot import CredentialCutoff, Credentials, Principal, RootUse

CredentialReport = tuple[Mapping[str, CredentialRow], datetime]

# AWS returns no report older than four hours; the fifth hour allows for clocks that differ.
_REPORT_LIFE = timedelta(hours=5)

# In the order in which they are read.
_READ_ORDER = (
    *(Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA, Fact.SERVICE_CREDENTIALS, Fact.SIGNING_CERTIFICATES),
    Fact.PASSWORD_USED,
)


def start_report(tracker: ReadTracker) -> PendingRead[CredentialReport]:
    """Starts the read of the credential report."""
    read = partial(iam.read_credential_report, tracker.connection)
    return tracker.submit_read(Fact.CREDENTIAL_REPORT, "GetCredentialReport", read)


def needs_report(query: Query) -> bool:
    """Whether a query needs the credential report: for root's row, or to save calls for users without credentials."""
    saves_calls = query.uses_report and needs_reported_facts(query)
    return saves_calls or Fact.CREDENTIAL_REPORT in query.account | query.facts_of_all


def await_report(
    tracker: ReadTracker, query: Query, pending: PendingRead[CredentialReport] | None
) -> tuple[CredentialReport | None, RootUse | None]:
    """Returns the report, None if it cannot be used, and when root was last used, None if unknown or not requested.

    A failure is a gap only if the query requires the report; otherwise each user is read by its own calls.
    """
    if pending is None:
        return None, None
    if Fact.CREDENTIAL_REPORT not in query.account:
        try:
            report = tracker.connection.result(pending.future, pending.call)
        except CallError:
            return None, None
        return (None if _is_stale(report[1]) else report), None
    required = tracker.result_or_gap(pending)
    if required is None:
        return None, None
    if _is_stale(required[1]):
        reason = f"ReportExpired: it was made at {required[1]:%Y-%m-%dT%H:%M:%SZ}, more than four hours ago"
        tracker.gaps.append(Gap(Fact.CREDENTIAL_REPORT, pending.call, reason))
        return None, None
    try:
        return required, credential_report.parse_root_use(*required)
    except ReportFormatError as error:
        tracker.gaps.append(Gap(Fact.CREDENTIAL_REPORT, pending.call, str(error)))
        return required, None


def _is_stale(generated: datetime) -> bool:
    return datetime.now(timezone.utc) - generated > _REPORT_LIFE


def read_credentials(
    tracker: ReadTracker, query: Query, found: Mapping[PrincipalKey, Principal], report: CredentialReport | None
) -> tuple[dict[str, Credentials], CredentialCutoff | None]:
    """Returns the credentials of the users in `found`, by case-folded name, and until when some of them are known.

    Of many users the report shows which have no key or no password. It may be four hours old: whom it shows so is
    read live if CloudTrail has a later change of that user.
    """
    facts_by_user = _credential_facts_by_user(query, found)
    known = _known_password_uses(tracker, query)
    many = query.uses_report or (bool(query.facts_of_all) and len(facts_by_user) > LIVE_CREDENTIAL_USERS)
    shown = _facts_from_report(query, facts_by_user, report[0]) if report and many else {}
    # CloudTrail allows two lookups a second: they run while the other users are read.
    lookups = _start_lookups(tracker, report[1]) if report and shown else None
    pending = {
        name: _start_credentials(tracker, name, facts - known.get(name, {}).keys() - shown.get(name, {}).keys())
        for name, facts in facts_by_user.items()
    }
    changed, cutoff = _await_lookups(tracker, report[1], lookups) if report and lookups else (frozenset(), None)
    for name in [name for name in shown if name.casefold() in changed]:
        pending[name] |= _start_credentials(tracker, name, shown.pop(name).keys())
    return {
        name.casefold(): _await_credentials(tracker, pending[name], {**known.get(name, {}), **shown.get(name, {})})
        for name in facts_by_user
    }, cutoff


def _credential_facts_by_user(query: Query, found: Mapping[PrincipalKey, Principal]) -> dict[str, frozenset[Fact]]:
    requested: Iterable[tuple[str, frozenset[Fact]]] = query.users.items()
    if query.facts_of_all:
        requested = ((each.name, query.facts_of_all) for each in found.values() if each.kind == "user")
    return {
        name: facts & CREDENTIAL_FACTS
        for name, facts in requested
        if not facts.isdisjoint(CREDENTIAL_FACTS) and principal_key("user", name) in found
    }


def _facts_from_report(
    query: Query, facts_by_user: Mapping[str, frozenset[Fact]], rows: Mapping[str, CredentialRow]
) -> dict[str, Mapping[Fact, Any]]:
    """Returns by user the requested facts that the report shows: the user had no key, or no password (and no MFA).

    "No key" is not taken from it for a user who must have a key, because that would be a finding.
    """
    shown: dict[str, Mapping[Fact, Any]] = {}
    for name, facts in facts_by_user.items():
        row = rows.get(name) if facts & REPORTED_FACTS else None
        if row is None:
            continue
        has_no_key = name not in query.key_required and credential_report.has_no_key(row)
        keys: Mapping[Fact, Any] = {Fact.ACCESS_KEYS: ()} if has_no_key else {}
        password = {Fact.CONSOLE: False, Fact.MFA: None} if credential_report.has_no_password(row) else {}
        shown[name] = {fact: value for fact, value in {**keys, **password}.items() if fact in facts}
    return {name: values for name, values in shown.items() if values}


def _known_password_uses(tracker: ReadTracker, query: Query) -> Mapping[str, Mapping[Fact, Any]]:
    """Returns when each user of the account last used a password, from one list; {} if it cannot be read or need not.

    Without the list each user is read by a call.
    """
    if Fact.PASSWORD_USED not in query.facts_of_all:
        return {}
    try:
        uses = iam.list_password_uses(tracker.connection)
    except CallError:
        return {}
    return {name: {Fact.PASSWORD_USED: times} for name, times in uses.items()}


def _start_lookups(tracker: ReadTracker, generated: datetime) -> Future[frozenset[str]]:
    """Starts to look up the users with changes since the report was made."""
    return tracker.connection.submit(list_changed_users, tracker.connection, generated)


def _await_lookups(
    tracker: ReadTracker, generated: datetime, pending: Future[frozenset[str]]
) -> tuple[frozenset[str], CredentialCutoff | None]:
    """Returns the users with changes since the report was made, or until when their credentials are known."""
    try:
        return tracker.connection.result(pending, LOOKUP_EVENTS), None
    except CallError as error:
        return frozenset(), CredentialCutoff(generated, LOOKUP_EVENTS, failure_reason(error), missing_permission(error))


def _start_credentials(tracker: ReadTracker, name: str, facts: Iterable[Fact]) -> dict[Fact, PendingRead[Any]]:
    return {fact: _start_credential(tracker, name, fact) for fact in _READ_ORDER if fact in facts}


def _start_credential(tracker: ReadTracker, name: str, fact: Fact) -> PendingRead[Any]:
    reads: Mapping[Fact, tuple[str, Callable[[Connection, str], Any]]] = {
        Fact.ACCESS_KEYS: ("ListAccessKeys", iam.list_access_keys),
        Fact.CONSOLE: ("GetLoginProfile", iam.has_password),
        Fact.MFA: ("ListMFADevices", iam.has_mfa),
        Fact.SERVICE_CREDENTIALS: ("ListServiceSpecificCredentials", iam.list_service_credentials),
        Fact.SIGNING_CERTIFICATES: ("ListSigningCertificates", iam.count_signing_certificates),
        Fact.PASSWORD_USED: ("GetUser", iam.read_password_last_used),
    }
    operation, read = reads[fact]
    return tracker.submit_read(fact, operation, partial(read, tracker.connection, name), f"user/{name}")


def _await_credentials(
    tracker: ReadTracker, pending: Mapping[Fact, PendingRead[Any]], known: Mapping[Fact, Any]
) -> Credentials:
    """Returns the credentials of a user. known: the facts that need no read of their own."""
    values = {**known, **{fact: tracker.result_or_gap(pending[fact]) for fact in _READ_ORDER if fact in pending}}
    password = values.get(Fact.CONSOLE)
    return Credentials(
        keys=values.get(Fact.ACCESS_KEYS),
        password=password,
        # Without a password there is no sign-in to protect; with or without the report, MFA is then None.
        mfa=None if password is False else values.get(Fact.MFA),
        services=values.get(Fact.SERVICE_CREDENTIALS),
        password_used=values.get(Fact.PASSWORD_USED),
        certificates=values.get(Fact.SIGNING_CERTIFICATES),
    )
