"""Reads the credential report and the credentials of users of a live account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from koding_audit.aws import credential_report, iam
from koding_audit.aws.connection import Connection
from koding_audit.aws.credential_report import CredentialRow, ReportFormatError
from koding_audit.aws.live_reads import PendingRead, ReadTracker
from koding_audit.model.account import PrincipalKey, principal_key
from koding_audit.model.errors import CallError
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Credentials, Principal, RootUse

CredentialReport = tuple[Mapping[str, CredentialRow], datetime]

# AWS returns no report older than four hours; the fifth hour allows for clocks that differ.
_REPORT_LIFE = timedelta(hours=5)

CREDENTIAL_FACTS = (
    *(Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA, Fact.SERVICE_CREDENTIALS, Fact.SIGNING_CERTIFICATES),
    Fact.PASSWORD_USED,
)


def start_report(tracker: ReadTracker) -> PendingRead[CredentialReport]:
    """Starts the read of the credential report."""
    read = partial(iam.read_credential_report, tracker.connection)
    return tracker.submit_read(Fact.CREDENTIAL_REPORT, "GetCredentialReport", read)


def needs_report(query: Query, *, bulk: bool) -> bool:
    """Whether a query needs the credential report: for root's row, or to save calls for users without credentials."""
    saves_calls = bulk and any(facts.intersection(CREDENTIAL_FACTS) for facts in query.users.values())
    facts = query.account | query.facts_of_all
    return Fact.CREDENTIAL_REPORT in facts or saves_calls


def await_report(
    tracker: ReadTracker, query: Query, pending: PendingRead[CredentialReport] | None
) -> tuple[Mapping[str, CredentialRow], RootUse | None]:
    """Returns the report's rows, and when root was last used, None if unknown or not requested.

    A failure is a gap only if the query requires the report; otherwise each user is read by its own calls.
    """
    if pending is None:
        return {}, None
    if Fact.CREDENTIAL_REPORT not in query.account:
        try:
            rows, generated = tracker.connection.result(pending.future, pending.call)
        except CallError:
            return {}, None
        return ({} if _is_stale(generated) else rows), None
    report = tracker.result_or_gap(pending)
    if report is None:
        return {}, None
    if _is_stale(report[1]):
        reason = f"ReportExpired: it was made at {report[1]:%Y-%m-%dT%H:%M:%SZ}, more than four hours ago"
        tracker.gaps.append(Gap(Fact.CREDENTIAL_REPORT, pending.call, reason))
        return {}, None
    try:
        return report[0], credential_report.parse_root_use(*report)
    except ReportFormatError as error:
        tracker.gaps.append(Gap(Fact.CREDENTIAL_REPORT, pending.call, str(error)))
        return report[0], None


def _is_stale(generated: datetime) -> bool:
    return datetime.now(timezone.utc) - generated > _REPORT_LIFE


def read_credentials(
    tracker: ReadTracker, query: Query, found: Mapping[PrincipalKey, Principal], rows: Mapping[str, CredentialRow]
) -> dict[str, Credentials]:
    """Returns the credentials of the users in `found`, by case-folded name.

    rows: of the credential report; a fact that they prove needs no call
    """
    pending: dict[str, dict[Fact, PendingRead[Any]]] = {}
    facts_by_user = _credential_facts_by_user(query, found)
    for name, facts in facts_by_user.items():
        proven = _facts_from_report(query, name, rows)
        pending[name] = {fact: _start_credential(tracker, name, fact) for fact in facts if fact not in proven}
    return {
        name.casefold(): _await_credentials(tracker, pending[name], facts, _facts_from_report(query, name, rows))
        for name, facts in facts_by_user.items()
    }


def _credential_facts_by_user(query: Query, found: Mapping[PrincipalKey, Principal]) -> dict[str, list[Fact]]:
    requested: Iterable[tuple[str, frozenset[Fact]]] = query.users.items()
    if query.facts_of_all:
        requested = ((each.name, query.facts_of_all) for each in found.values() if each.kind == "user")
    return {
        name: [fact for fact in CREDENTIAL_FACTS if fact in facts]
        for name, facts in requested
        if not facts.isdisjoint(CREDENTIAL_FACTS) and principal_key("user", name) in found
    }


def _facts_from_report(query: Query, name: str, rows: Mapping[str, CredentialRow]) -> Mapping[Fact, Any]:
    """Returns the facts that the report proves: the user never had a key, or has no password (and needs no MFA).

    The report can be four hours old: "no key" is not taken from it for a user who must have a key, because that would
    be a finding.
    """
    row = rows.get(name)
    if row is None:
        return {}
    keys = {Fact.ACCESS_KEYS: ()} if name not in query.key_required and credential_report.has_no_key(row) else {}
    password = {Fact.CONSOLE: False, Fact.MFA: None} if credential_report.has_no_password(row) else {}
    return {**keys, **password, **(_password_use_from_report(row) if query.facts_of_all else {})}


def _password_use_from_report(row: CredentialRow) -> Mapping[Fact, Any]:
    """Returns when the password was last used, from the report; this saves one call for each user."""
    try:
        time = credential_report.parse_report_time(row, "password_last_used")
    except ReportFormatError:
        return {}
    return {Fact.PASSWORD_USED: () if time is None else (time,)}


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
    tracker: ReadTracker, pending: Mapping[Fact, PendingRead[Any]], facts: list[Fact], proven: Mapping[Fact, Any]
) -> Credentials:
    values = {fact: tracker.result_or_gap(pending[fact]) if fact in pending else proven[fact] for fact in facts}
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
