"""The live account: sends only the calls that a query needs, in parallel."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import datetime, timezone
from functools import partial

from koding_audit.aws import iam, organizations
from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.live_credentials import await_report, needs_report, read_credentials, start_report
from koding_audit.aws.live_documents import read_documents
from koding_audit.aws.live_policies import (
    PolicyVersions,
    await_policies,
    read_own_policy_arns,
    start_own_policies,
    start_policies,
)
from koding_audit.aws.live_principals import AccountListing, TargetedReads, read_undeclared_groups
from koding_audit.aws.live_reads import PendingRead, ReadTracker
from koding_audit.aws.queries import missing_summary_keys, partial_set_policies
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import AccountSource
from koding_audit.model.errors import CallError, InputError
from koding_audit.model.fact_calls import CREDENTIAL_FACTS
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Organization, Snapshot
from koding_audit.model.traits import SourceTraits

TRAITS = SourceTraits(is_default=True, reaches_aws=True)

# Up to this many calls, reading the requested principals is cheaper than listing the whole account.
TARGETED_CALLS = 48


@contextlib.contextmanager
def open_source(argument: str, settings: Settings) -> Iterator[AccountSource]:
    """Opens the account of the settings' credentials. Raises InputError, AccessError, EndpointError."""
    if argument:
        raise InputError(f"--source live:{argument}: `live` takes no argument", "write --source live")
    with connect(settings) as connection:
        # If an endpoint gives the keys of another account than the role's, nothing of it is read.
        yield source_of(connection, start_early=not settings.role_arn)


def source_of(connection: Connection, *, start_early: bool = True) -> AccountSource:
    """Returns a source that reads through a connection. start_early: whether reads may start before the identity."""
    start = partial(start_reading, connection=connection) if start_early else None
    return AccountSource(connection.identity, partial(collect_snapshot, connection=connection), connection, start)


class FirstReads:
    """The first reads of a query, which do not depend on the account: they can run beside GetCallerIdentity.

    query: what they depend on; the other fields of the query may have any value
    """

    def __init__(self, query: Query, connection: Connection) -> None:
        self.query = account_independent_part(query)
        self.tracker = ReadTracker(connection)
        # The longest chain of calls starts first: AWS needs seconds to make a new credential report.
        self.report = start_report(self.tracker) if needs_report(self.query) else None
        principals = AccountListing if is_bulk_query(self.query) else TargetedReads
        self.principals = principals(self.tracker, self.query)
        self.summary = _start_summary(self.tracker) if Fact.SUMMARY in self.query.account else None


def account_independent_part(query: Query) -> Query:
    """Returns the fields of a query that do not name policies, whose ARNs contain the account."""
    return Query(
        users=query.users,
        groups=query.groups,
        roles=query.roles,
        account=query.account,
        listed=query.listed,
        facts_of_all=query.facts_of_all,
        uses_report=query.uses_report,
    )


def start_reading(query: Query, connection: Connection) -> Callable[[Query], Snapshot]:
    """Starts the first reads of a query and returns a function like `collect_snapshot`, whose first call uses them.

    If it is called for a query with other first reads, they are discarded.
    """
    started = [FirstReads(query, connection)]

    def collect(query: Query) -> Snapshot:
        first = started.pop() if started else None
        usable = first is not None and first.query == account_independent_part(query)
        return collect_snapshot(query, connection, first if usable else None)

    return collect


def collect_snapshot(query: Query, connection: Connection, first: FirstReads | None = None) -> Snapshot:
    """Returns a snapshot of what a query needs. A read that fails is a Gap. Raises CallError if STS fails.

    first: the first reads of the query, if they have started
    """
    first = first or FirstReads(query, connection)
    tracker, principals = first.tracker, first.principals
    organization = _start_organization(tracker, query)
    found = principals.read_principals()
    absent = principals.absent_principals()
    partial_sets = partial_set_policies(query, found)
    policies = start_policies(tracker, query, found, partial_sets)
    own = start_own_policies(tracker, query)
    found |= read_undeclared_groups(tracker, query, found)
    documents = read_documents(tracker, query, found, principals.inline_details())
    usable_report, root_use = await_report(tracker, query, first.report)
    credentials, credential_cutoff = read_credentials(tracker, query, found, usable_report)
    account, caller = connection.identity()
    # Last, because the policies decide which documents to read.
    versions = PolicyVersions(tracker, query, await_policies(tracker, query, policies), partial_sets)
    known = versions.read_policies()
    own_arns = read_own_policy_arns(tracker, query, known)
    documents |= versions.read_documents()
    place = organization()  # before the gaps are listed
    own_policies, own_documents = (tracker.result_or_gap(own) if own else None) or ({}, {})
    return Snapshot(
        account=account,
        caller=caller,
        taken_at=datetime.now(timezone.utc).replace(microsecond=0),
        source=connection.source,
        endpoint=connection.endpoint,
        hosts=connection.called_hosts(),
        principals=found,
        absent=absent,
        listed=principals.listed_kinds(),
        credentials=credentials,
        credential_cutoff=credential_cutoff,
        policies={**known, **own_policies},
        summary=_await_summary(
            tracker, first.summary, partial(missing_summary_keys, query=query, found=found, absent=absent)
        ),
        root_use=root_use,
        gaps=tuple(sorted(tracker.gaps, key=lambda gap: (gap.fact.value, gap.subject, gap.call))),
        documents={**documents, **own_documents},
        policies_listed=Fact.POLICY in query.facts_of_all and not any(gap.fact is Fact.POLICY for gap in tracker.gaps),
        organization=place,
        own_policies=own_arns,
    )


def is_bulk_query(query: Query) -> bool:
    """Whether a query is read by listing the account, not by calls for each principal."""
    facts = [*query.users.values(), *query.groups.values(), *query.roles.values()]
    calls = sum(len(each.difference(CREDENTIAL_FACTS)) for each in facts)
    return bool(query.listed or query.facts_of_all) or calls > TARGETED_CALLS


def _needs_organization(query: Query) -> bool:
    """Whether a query needs the organization: only a decision about permissions does."""
    return bool(query.effective) or Fact.DOCUMENT in query.facts_of_all


def _start_organization(tracker: ReadTracker, query: Query) -> Callable[[], Organization]:
    """Starts to read what a query needs of the organization, and returns a function that waits for it."""
    connection, call = tracker.connection, "organizations:DescribeOrganization"
    if Fact.ORGANIZATION in query.account:
        future = connection.submit(lambda: organizations.read_delegation(connection, connection.identity()[0].id))
        pending = PendingRead(Fact.ORGANIZATION, "", future, call)
        return lambda: tracker.result_or_gap(pending) or Organization()
    if _needs_organization(query):
        policies = connection.submit(lambda: organizations.read_organization(connection, connection.identity()[0].id))
        return lambda: _await_organization(tracker, policies, call)
    return Organization


def _await_organization(tracker: ReadTracker, pending: Future[Organization], call: str) -> Organization:
    """Returns the organization. A failure is not a gap: a decision names the layers that it does not know."""
    try:
        return tracker.connection.result(pending, call)
    except CallError:
        return Organization()


def _start_summary(tracker: ReadTracker) -> PendingRead[dict[str, int]]:
    return tracker.submit_read(Fact.SUMMARY, "GetAccountSummary", partial(iam.read_account_summary, tracker.connection))


def _await_summary(
    tracker: ReadTracker, pending: PendingRead[dict[str, int]] | None, missing: Callable[[dict[str, int]], list[str]]
) -> dict[str, int] | None:
    """Returns the account summary. A failure is a gap, and so is a summary that lacks a key that the query needs."""
    summary = tracker.result_or_gap(pending) if pending else None
    missing_keys = missing(summary) if summary is not None else []
    if missing_keys:
        tracker.gaps.append(Gap(Fact.SUMMARY, "iam:GetAccountSummary", f"the reply has no {', '.join(missing_keys)}"))
    return summary
