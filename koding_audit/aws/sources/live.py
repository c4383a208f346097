"""The live account: only the calls that a query needs, in parallel; many principals by a listing of the account."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from koding_audit.aws import credential_report, iam, organizations
from koding_audit.aws.call import ACCESS_DENIED, MALFORMED, NO_SUCH_ENTITY
from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.credential_report import CredentialRow, ReportFormatError
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import (
    AccountSource,
    deciding_principals,
    has_policy,
    managed_policy_arns,
    missing_summary_keys,
    partial_set_policies,
)
from koding_audit.model.account import PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.errors import CallError, InputError
from koding_audit.model.fact_calls import LISTING_FACTS
from koding_audit.model.frozen import replace
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import (
    Credentials,
    ManagedPolicy,
    Organization,
    Principal,
    RootUse,
    Snapshot,
    inline_document_key,
)
from koding_audit.model.traits import SourceTraits

T = TypeVar("T")
CredentialReport = tuple[Mapping[str, CredentialRow], datetime]

TRAITS = SourceTraits(is_default=True, reaches_aws=True)

# Up to here the calls for the principals themselves are cheaper than reading whoever else is in the account.
TARGETED_CALLS = 48

# AWS gives no report that is older than four hours; an hour more for clocks that do not agree.
_REPORT_LIFE = timedelta(hours=5)

# In the order in which they are asked for: whether a policy has to be looked up hangs on what is attached.
_PRINCIPAL_FACTS: Mapping[PrincipalKind, tuple[Fact, ...]] = {
    "group": (Fact.ATTACHED, Fact.GROUP, Fact.INLINE),
    "user": (Fact.ATTACHED, Fact.USER, Fact.GROUPS, Fact.INLINE),
    "role": (Fact.ATTACHED, Fact.ROLE, Fact.INLINE),
}
_KINDS: Mapping[str, PrincipalKind] = {"group": "group", "user": "user", "role": "role"}
_CREDENTIAL_FACTS = (Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA, Fact.SERVICE_CREDENTIALS, Fact.PASSWORD_USED)
_LIST_FACTS: Mapping[str, Fact] = {"attached": Fact.ATTACHED, "inline": Fact.INLINE, "groups": Fact.GROUPS}
_EXISTENCE_FACTS: Mapping[PrincipalKind, Fact] = {"user": Fact.USER, "group": Fact.GROUP, "role": Fact.ROLE}


@contextlib.contextmanager
def open_source(argument: str, settings: Settings) -> Iterator[AccountSource]:
    """The account that the settings lead to."""
    if argument:
        raise InputError(f"--source live:{argument}: `live` takes no argument", "write --source live")
    with connect(settings) as connection:
        yield AccountSource(connection.identity, partial(collect_snapshot, connection=connection), connection)


def collect_snapshot(query: Query, connection: Connection) -> Snapshot:
    """Read what the query needs. Whatever could not be read is a Gap; an account that cannot be told is CallError."""
    reading = _ReadTracker(connection)
    bulk = is_bulk_query(query)
    # The longest chain of calls starts first: a new credential report takes seconds to be made.
    report = _start_report(reading) if _needs_report(query, bulk=bulk) else None
    organization = _start_organization(reading) if _needs_organization(query) else None
    principals = _AccountListing(reading, query) if bulk else _TargetedReads(reading, query)
    summary = _start_summary(reading) if Fact.SUMMARY in query.account else None
    found = principals.read_principals()
    absent = principals.absent_principals()
    halves = partial_set_policies(query, found)
    policies = _start_policies(reading, query, found, halves)
    own = _start_own_policies(reading, query)
    found |= _read_undeclared_groups(reading, query, found)
    documents = _read_documents(reading, query, found, principals.inline_details())
    rows, root_use = _await_report(reading, query, report)
    credentials = _read_credentials(reading, query, found, rows)
    account, caller = connection.identity()
    # Last, because which documents there are to read hangs on the answers about the policies.
    versions = _PolicyVersions(reading, query, _await_policies(reading, query, policies), halves)
    known = versions.read_policies()
    documents |= versions.read_documents()
    own_policies, own_documents = (reading.result_or_gap(own) if own else None) or ({}, {})
    return Snapshot(
        account=account,
        caller=caller,
        taken_at=datetime.now(timezone.utc).replace(microsecond=0),
        source=connection.source,
        endpoint=connection.endpoint,
        principals=found,
        absent=absent,
        listed=principals.listed_kinds(),
        credentials=credentials,
        policies={**known, **own_policies},
        summary=_await_summary(
            reading, summary, partial(missing_summary_keys, query=query, found=found, absent=absent)
        ),
        root_use=root_use,
        gaps=tuple(sorted(reading.gaps, key=lambda gap: (gap.fact.value, gap.subject, gap.call))),
        documents={**documents, **own_documents},
        policies_listed=Fact.POLICY in query.facts_of_all and not any(gap.fact is Fact.POLICY for gap in reading.gaps),
        organization=_await_organization(reading, organization),
    )


def is_bulk_query(query: Query) -> bool:
    """Whether the account is listed instead of asking for each principal by itself."""
    facts = [*query.users.values(), *query.groups.values(), *query.roles.values()]
    calls = sum(len(each.difference(_CREDENTIAL_FACTS)) for each in facts)
    return bool(query.listed or query.facts_of_all) or calls > TARGETED_CALLS


class _PendingRead(Generic[T]):
    """A read under way: what of whom it is for, and the call that it makes."""

    def __init__(self, fact: Fact, subject: str, future: Future[T], call: str) -> None:
        self.fact, self.subject, self.future, self.call = fact, subject, future, call


class _ReadTracker:
    """Reads under way, and the gaps of those that failed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.gaps: list[Gap] = []

    def submit_read(self, fact: Fact, operation: str, function: Callable[[], T], subject: str = "") -> _PendingRead[T]:
        return _PendingRead(fact, subject, self.connection.submit(function), f"iam:{operation}")

    def result_or_gap(self, pending: _PendingRead[T], *, gone: bool = False, also: Iterable[Fact] = ()) -> T | None:
        """What was read, or None and a Gap; None alone where `gone` says that its principal is not there.

        also: the other facts that it is a part of, each of them a gap then too.
        """
        try:
            return self.connection.result(pending.future, pending.call)
        except CallError as error:
            if not (gone and error.code == NO_SUCH_ENTITY):
                for fact in (pending.fact, *also):
                    self.record_gap(fact, error, pending.subject)
            return None

    def record_gap(self, fact: Fact, error: CallError, subject: str = "") -> None:
        permission = error.call if error.code in ACCESS_DENIED else ""
        # What is wrong with a reply is ours to say; AWS's own words are its caller's, and may be anything.
        ours = error.detail if error.code == MALFORMED else error.cause
        reason = f"{error.code}: {ours}" if ours else error.code
        self.gaps.append(Gap(fact, error.call, reason, subject, permission))


class _TargetedReads:
    """Each principal by calls of its own, all under way at once."""

    def __init__(self, reading: _ReadTracker, query: Query) -> None:
        self._reading = reading
        self._wanted = list(_requested_principals(query))
        self._absent: set[PrincipalKey] = set()
        self._pending: dict[tuple[PrincipalKey, Fact], _PendingRead[Any]] = {}
        for position in range(len(_PRINCIPAL_FACTS["user"])):
            for kind, name, facts in self._wanted:
                for fact in _PRINCIPAL_FACTS[kind][position : position + 1]:
                    if fact in facts:
                        self._pending[principal_key(kind, name), fact] = _start_fact(reading, kind, name, fact, facts)

    def read_principals(self) -> dict[PrincipalKey, Principal]:
        every = ((principal_key(kind, name), self._read_principal(kind, name)) for kind, name, _ in self._wanted)
        return {key: each for key, each in every if each is not None}

    def absent_principals(self) -> frozenset[PrincipalKey]:
        return frozenset(self._absent)

    def listed_kinds(self) -> frozenset[PrincipalKind]:
        return frozenset()

    def inline_details(self) -> Mapping[str, Any]:
        return {}

    def _read_principal(self, kind: PrincipalKind, name: str) -> Principal | None:
        key = principal_key(kind, name)
        alone: Principal | None = None
        gone = False
        try:
            own = self._pending[key, _EXISTENCE_FACTS[kind]]
            alone = self._reading.connection.result(own.future, own.call)
        except CallError as error:
            gone = error.code == NO_SUCH_ENTITY
            if gone:
                self._absent.add(key)
            else:
                self._reading.record_gap(_EXISTENCE_FACTS[kind], error, f"{kind}/{name}")
        attached, inline, groups = (
            self._reading.result_or_gap(self._pending[key, fact], gone=gone) if (key, fact) in self._pending else None
            for fact in (Fact.ATTACHED, Fact.INLINE, Fact.GROUPS)
        )
        return replace(alone, attached=attached, inline=inline, groups=groups) if alone else None


class _AccountListing:
    """Every principal by GetAccountAuthorizationDetails, a thousand to a page, then those that are wanted."""

    def __init__(self, reading: _ReadTracker, query: Query) -> None:
        self._reading = reading
        self._query = query
        kinds = tuple(kind for kind in _EXISTENCE_FACTS if self._facts_of_list(kind))
        # Kinds whose lists can be read side by side are: the wait is that of the longest list.
        together = (kinds,) if reading.connection.is_sequential and kinds else tuple((kind,) for kind in kinds)
        self._pending: dict[PrincipalKind, Future[dict[PrincipalKind, iam.AuthorizationDetails]]] = {}
        for those in together:
            self._pending |= dict.fromkeys(those, self._start_list(those))
        self._details: dict[PrincipalKind, iam.AuthorizationDetails | None] = {}

    def read_principals(self) -> dict[PrincipalKey, Principal]:
        self._details = {kind: self._details_or_gap(kind, pending) for kind, pending in self._pending.items()}
        by_key = {principal_key(each.kind, each.name): each for each in self._all_principals()}
        if self._query.facts_of_all:
            return {key: self._restrict_principal(each, self._query.facts_of_all) for key, each in by_key.items()}
        wanted = {principal_key(kind, name): facts for kind, name, facts in _requested_principals(self._query)}
        return {
            key: self._restrict_principal(each, wanted.get(key, frozenset()))
            for key, each in by_key.items()
            if key in wanted or key[0] in self._query.listed
        }

    def absent_principals(self) -> frozenset[PrincipalKey]:
        read = {principal_key(each.kind, each.name) for each in self._all_principals()}
        known = (
            principal_key(kind, name)
            for kind, name, _ in _requested_principals(self._query)
            if self._details.get(kind) is not None
        )
        return frozenset(key for key in known if key not in read)

    def listed_kinds(self) -> frozenset[PrincipalKind]:
        asked = self._details if self._query.facts_of_all else self._query.listed
        return frozenset(kind for kind in asked if self._details.get(kind) is not None)

    def inline_details(self) -> Mapping[str, Any]:
        """The details of inline policies, by model.document_key."""
        found: dict[str, Any] = {}
        for details in self._details.values():
            found |= details.documents if details else {}
        return found

    def _all_principals(self) -> Iterator[Principal]:
        return (each for details in self._details.values() if details for each in details.principals)

    def _facts_of_list(self, kind: PrincipalKind) -> list[Fact]:
        """What is unknown without the list of a kind: those who are asked for, who else there is, or both."""
        members = any(Fact.MEMBERS in facts for facts in self._query.groups.values())
        query = self._query
        those = {"group": query.groups, "user": query.users or members, "role": query.roles}
        asked = those[kind] or query.facts_of_all
        return [
            fact
            for fact, wanted in ((_EXISTENCE_FACTS[kind], asked), (LISTING_FACTS[kind], kind in self._query.listed))
            if wanted
        ]

    def _start_list(self, kinds: tuple[PrincipalKind, ...]) -> Future[dict[PrincipalKind, iam.AuthorizationDetails]]:
        connection = self._reading.connection
        return connection.submit(iam.list_authorization_details, connection, kinds)

    def _details_or_gap(
        self, kind: PrincipalKind, pending: Future[dict[PrincipalKind, iam.AuthorizationDetails]]
    ) -> iam.AuthorizationDetails | None:
        try:
            return self._reading.connection.result(pending, "iam:GetAccountAuthorizationDetails")[kind]
        except CallError as error:
            for fact in self._facts_of_list(kind):
                self._reading.record_gap(fact, error)
            return None

    def _restrict_principal(self, principal: Principal, facts: frozenset[Fact]) -> Principal:
        """As reading it by itself would have given it: what was not asked for is None."""
        changed: dict[str, Any] = {name: None for name, fact in _LIST_FACTS.items() if fact not in facts}
        if self._has_requested_members(principal, facts):
            changed["members"] = self._members_by_group.get(principal.name, frozenset())
        return replace(principal, **changed) if changed else principal

    def _has_requested_members(self, principal: Principal, facts: frozenset[Fact]) -> bool:
        return principal.kind == "group" and Fact.MEMBERS in facts and self._details.get("user") is not None

    @functools.cached_property
    def _members_by_group(self) -> Mapping[str, frozenset[str]]:
        users = self._details.get("user")
        return iam.members_by_group(users.principals if users else ())


def _requested_principals(query: Query) -> Iterator[tuple[PrincipalKind, str, frozenset[Fact]]]:
    asked: tuple[tuple[PrincipalKind, Mapping[str, frozenset[Fact]]], ...] = (
        ("group", query.groups),
        ("user", query.users),
        ("role", query.roles),
    )
    return ((kind, name, facts) for kind, those in asked for name, facts in those.items())


def _start_fact(
    reading: _ReadTracker, kind: PrincipalKind, name: str, fact: Fact, facts: frozenset[Fact]
) -> _PendingRead[Any]:
    connection, subject, word = reading.connection, f"{kind}/{name}", kind.title()
    if fact is Fact.ATTACHED:
        read = partial(iam.list_attached_policies, connection, kind, name)
        return reading.submit_read(fact, f"ListAttached{word}Policies", read, subject)
    if fact is Fact.INLINE:
        names = partial(iam.list_inline_policies, connection, kind, name)
        return reading.submit_read(fact, f"List{word}Policies", names, subject)
    if fact is Fact.GROUPS:
        return reading.submit_read(
            fact, "ListGroupsForUser", partial(iam.list_groups_of_user, connection, name), subject
        )
    alone = partial(iam.read_principal, connection, kind, name, members=Fact.MEMBERS in facts)
    return reading.submit_read(fact, f"Get{word}", alone, subject)


def _needs_organization(query: Query) -> bool:
    """Only a decision asks what the organization allows."""
    return bool(query.effective) or Fact.DOCUMENT in query.facts_of_all


def _start_organization(reading: _ReadTracker) -> Future[Organization]:
    connection = reading.connection
    return connection.submit(lambda: organizations.read_organization(connection, connection.identity()[0].id))


def _await_organization(reading: _ReadTracker, pending: Future[Organization] | None) -> Organization:
    """What could not be read of it is no gap: a verdict says which layers it left out."""
    try:
        call = "organizations:DescribeOrganization"
        return reading.connection.result(pending, call) if pending else Organization()
    except CallError:
        return Organization()


def _start_summary(reading: _ReadTracker) -> _PendingRead[dict[str, int]]:
    return reading.submit_read(Fact.SUMMARY, "GetAccountSummary", partial(iam.read_account_summary, reading.connection))


def _await_summary(
    reading: _ReadTracker, pending: _PendingRead[dict[str, int]] | None, missing: Callable[[dict[str, int]], list[str]]
) -> dict[str, int] | None:
    """The summary; one that lacks what this audit goes by is a gap too."""
    summary = reading.result_or_gap(pending) if pending else None
    lacks = missing(summary) if summary is not None else []
    if lacks:
        reading.gaps.append(Gap(Fact.SUMMARY, "iam:GetAccountSummary", f"the reply has no {', '.join(lacks)}"))
    return summary


def _start_report(reading: _ReadTracker) -> _PendingRead[CredentialReport]:
    read = partial(iam.read_credential_report, reading.connection)
    return reading.submit_read(Fact.CREDENTIAL_REPORT, "GetCredentialReport", read)


def _needs_report(query: Query, *, bulk: bool) -> bool:
    """Root's row is in it; and of many users it tells at once who has no key and no password."""
    screens = bulk and any(facts.intersection(_CREDENTIAL_FACTS) for facts in query.users.values())
    wanted = query.account | query.facts_of_all
    return Fact.CREDENTIAL_REPORT in wanted or screens


def _await_report(
    reading: _ReadTracker, query: Query, pending: _PendingRead[CredentialReport] | None
) -> tuple[Mapping[str, CredentialRow], RootUse | None]:
    """The report's rows and root's own. A report that only screens users is no gap: each is then read by itself."""
    if pending is None:
        return {}, None
    if Fact.CREDENTIAL_REPORT not in query.account:
        try:
            rows, generated = reading.connection.result(pending.future, pending.call)
        except CallError:
            return {}, None
        return ({} if _is_stale(generated) else rows), None
    report = reading.result_or_gap(pending)
    if report is None:
        return {}, None
    if _is_stale(report[1]):
        reason = f"ReportExpired: it was made at {report[1]:%Y-%m-%dT%H:%M:%SZ}, more than four hours ago"
        reading.gaps.append(Gap(Fact.CREDENTIAL_REPORT, pending.call, reason))
        return {}, None
    try:
        return report[0], credential_report.parse_root_use(*report)
    except ReportFormatError as error:
        reading.gaps.append(Gap(Fact.CREDENTIAL_REPORT, pending.call, str(error)))
        return report[0], None


def _is_stale(generated: datetime) -> bool:
    return datetime.now(timezone.utc) - generated > _REPORT_LIFE


def _start_policies(
    reading: _ReadTracker, query: Query, found: Mapping[PrincipalKey, Principal], halves: Collection[str]
) -> dict[str, _PendingRead[Any]]:
    """Look up each policy that not all who are to hold it hold, and each whose versions are asked for.

    The former may not exist, or not be attachable any more.
    """
    connection = reading.connection
    if Fact.POLICY in query.facts_of_all:
        return {"": reading.submit_read(Fact.POLICY, "ListPolicies", partial(iam.list_managed_policies, connection))}
    lacking = {arn for arn, keys in query.policies.items() if not all(has_policy(found.get(key), arn) for key in keys)}
    return {
        arn: reading.submit_read(
            Fact.POLICY if arn in lacking else _fact_of_policy(query, arn),
            "GetPolicy",
            partial(iam.read_managed_policy, connection, arn),
            arn,
        )
        for arn in sorted(lacking.union(query.versions, halves))
    }


def _await_policies(
    reading: _ReadTracker, query: Query, pending: Mapping[str, _PendingRead[Any]]
) -> dict[str, ManagedPolicy | None]:
    if "" in pending:
        return reading.result_or_gap(pending[""]) or {}
    known = {}
    for arn, each in pending.items():
        gaps = len(reading.gaps)
        both = each.fact is Fact.POLICY and arn in query.versions
        policy = reading.result_or_gap(each, also=[Fact.VERSIONS] if both else ())
        if len(reading.gaps) == gaps:
            known[arn] = policy
    return known


def _fact_of_policy(query: Query, arn: str) -> Fact:
    """What the document of a policy is read for."""
    return Fact.VERSIONS if arn in query.versions else Fact.OPTIONAL_SET_DOCUMENTS


def _start_own_policies(
    reading: _ReadTracker, query: Query
) -> _PendingRead[tuple[dict[str, ManagedPolicy], dict[str, str]]] | None:
    """All versions of the account's own policies: where everything is asked for."""
    if Fact.VERSIONS not in query.facts_of_all:
        return None
    read = partial(iam.list_own_policies, reading.connection)
    return reading.submit_read(Fact.VERSIONS, "GetAccountAuthorizationDetails", read)


class _PolicyVersions:
    """The versions of those policies of which the desired state says more than a name, and the documents to compare."""

    def __init__(
        self, reading: _ReadTracker, query: Query, known: dict[str, ManagedPolicy | None], halves: Collection[str]
    ) -> None:
        self._reading = reading
        self._query = query
        self._known = known
        there = [(policy, query.versions[arn]) for arn, policy in known.items() if policy and arn in query.versions]
        self._ids = {policy.arn: self._start_ids(policy.arn) for policy, pinned in there if not pinned}
        names = {name: version for policy, pinned in there for name, version in _versions_to_compare(policy, pinned)}
        names |= {arn: policy.default_version for arn, policy in known.items() if policy and arn in halves}
        self._texts = {name: self._start_text(name, version) for name, version in names.items()}

    def read_policies(self) -> dict[str, ManagedPolicy | None]:
        ids = {arn: self._reading.result_or_gap(pending) or () for arn, pending in self._ids.items()}
        return {arn: policy and replace(policy, versions=ids.get(arn, ())) for arn, policy in self._known.items()}

    def read_documents(self) -> dict[str, str]:
        # AWS may have deleted a version that somebody is pinned to.
        texts = {name: self._reading.result_or_gap(pending, gone="@" in name) for name, pending in self._texts.items()}
        return {name: text for name, text in texts.items() if text is not None}

    def _start_ids(self, arn: str) -> _PendingRead[tuple[str, ...]]:
        read = partial(iam.list_policy_versions, self._reading.connection, arn)
        return self._reading.submit_read(Fact.VERSIONS, "ListPolicyVersions", read, arn)

    def _start_text(self, name: str, version: str) -> _PendingRead[str]:
        arn = name.partition("@")[0]
        read = partial(iam.read_managed_document, self._reading.connection, arn, version)
        return self._reading.submit_read(_fact_of_policy(self._query, arn), "GetPolicyVersion", read, arn)


def _versions_to_compare(policy: ManagedPolicy, pinned: str) -> tuple[tuple[str, str], ...]:
    """The documents to compare, by their names, with their versions: none where a pin still holds."""
    if pinned == policy.default_version:
        return ()
    pin = ((f"{policy.arn}@{pinned}", pinned),) if pinned else ()
    return ((policy.arn, policy.default_version), *pin)


def _read_undeclared_groups(
    reading: _ReadTracker, query: Query, found: Mapping[PrincipalKey, Principal]
) -> dict[PrincipalKey, Principal]:
    """The groups that nobody declared and that users are in whose permissions are to be decided."""
    users = [found[key] for key in query.effective if key in found and key[0] == "user"]
    names = {principal_key("group", name): name for user in users for name in user.groups or ()}
    lacking = {key: name for key, name in names.items() if key not in found or found[key].attached is None}
    if not lacking:
        return {}
    facts = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})
    return _TargetedReads(reading, Query(groups=dict.fromkeys(lacking.values(), facts))).read_principals()


def _read_documents(
    reading: _ReadTracker, query: Query, found: Mapping[PrincipalKey, Principal], known: Mapping[str, Any]
) -> dict[str, str]:
    """The documents of every policy that decides for those whose permissions are to be decided, and those compared.

    known: the details of those that a listing has brought along; no other of them is decoded.
    """
    holders = deciding_principals(found if Fact.DOCUMENT in query.facts_of_all else query.effective, found)
    connection = reading.connection
    pending = {
        arn: reading.submit_read(
            Fact.DOCUMENT, "GetPolicyVersion", partial(iam.read_managed_document, connection, arn), arn
        )
        for arn in sorted(managed_policy_arns(holders.values()))
    }
    pending |= {name: _start_document(reading, name, version) for name, version in query.document_versions.items()}
    inline = _inline_policies_to_read(query, holders, found)
    for name, (each, policy, facts) in inline.items():
        if name not in known:
            read = partial(iam.read_inline_document, connection, each.kind, each.name, policy)
            pending[name] = reading.submit_read(facts[0], f"Get{each.kind.title()}Policy", read, name)
    also = {name: wanted.facts[1:] for name, wanted in inline.items()}
    texts = {name: reading.result_or_gap(each, also=also.get(name, ())) for name, each in pending.items()}
    texts |= {
        name: _decode_inline_document(reading, name, wanted.facts, known[name])
        for name, wanted in inline.items()
        if name in known
    }
    return {name: text for name, text in texts.items() if text is not None}


def _decode_inline_document(reading: _ReadTracker, name: str, facts: Iterable[Fact], policy: Any) -> str | None:
    """The document in an inline policy's detail, or None and a gap for each fact that it is a part of."""
    try:
        return iam.document_from_detail(policy)
    except CallError as error:
        for fact in facts:
            reading.record_gap(fact, error, name)
        return None


def _start_document(reading: _ReadTracker, name: str, version: str) -> _PendingRead[str]:
    """A document by itself; of a managed policy the version that its name says, or else this one."""
    connection = reading.connection
    if name.startswith("arn:"):
        arn, _, said = name.partition("@")
        read = partial(iam.read_managed_document, connection, arn, said or version)
        return reading.submit_read(Fact.DOCUMENT, "GetPolicyVersion", read, name)
    kind, holder, policy = name.split("/")
    own = partial(iam.read_inline_document, connection, _KINDS[kind], holder, policy)
    return reading.submit_read(Fact.DOCUMENT, f"Get{kind.title()}Policy", own, name)


class _InlinePolicy(NamedTuple):
    """An inline policy whose document is wanted, and the facts that it is a part of."""

    holder: Principal
    policy: str
    facts: tuple[Fact, ...]


def _inline_policies_to_read(
    query: Query, holders: Mapping[PrincipalKey, Principal], found: Mapping[PrincipalKey, Principal]
) -> dict[str, _InlinePolicy]:
    """The inline policies to read, by document_key: those that decide, and those that a desired state names."""
    decide = (Fact.DOCUMENT, *(query.facts_of_all & {Fact.INLINE_DOCUMENT}))
    wanted = {
        inline_document_key(each, policy): _InlinePolicy(each, policy, decide)
        for each in holders.values()
        for policy in sorted(each.inline or ())
    }
    for each, names in ((found[key], names) for key, names in query.inline.items() if key in found):
        for policy in sorted(names & (each.inline or frozenset())):
            name = inline_document_key(each, policy)
            before = wanted[name].facts if name in wanted else ()
            wanted[name] = _InlinePolicy(each, policy, (*before, Fact.INLINE_DOCUMENT))
    return wanted


def _read_credentials(
    reading: _ReadTracker, query: Query, found: Mapping[PrincipalKey, Principal], rows: Mapping[str, CredentialRow]
) -> dict[str, Credentials]:
    """What the users that are there can sign in with; only those whom the report does not clear are asked about."""
    pending: dict[str, dict[Fact, _PendingRead[Any]]] = {}
    asked = _credential_facts_by_user(query, found)
    for name, facts in asked.items():
        cleared = _facts_from_report(query, name, rows)
        pending[name] = {fact: _start_credential(reading, name, fact) for fact in facts if fact not in cleared}
    return {
        name.casefold(): _await_credentials(reading, pending[name], facts, _facts_from_report(query, name, rows))
        for name, facts in asked.items()
    }


def _credential_facts_by_user(query: Query, found: Mapping[PrincipalKey, Principal]) -> dict[str, list[Fact]]:
    wanted: Iterable[tuple[str, frozenset[Fact]]] = query.users.items()
    if query.facts_of_all:
        wanted = ((each.name, query.facts_of_all) for each in found.values() if each.kind == "user")
    there = (
        (name, [fact for fact in _CREDENTIAL_FACTS if fact in facts])
        for name, facts in wanted
        if not facts.isdisjoint(_CREDENTIAL_FACTS) and principal_key("user", name) in found
    )
    return dict(there)


def _facts_from_report(query: Query, name: str, rows: Mapping[str, CredentialRow]) -> Mapping[Fact, Any]:
    """What the report says for certain: no key ever made, no password (and so no question of MFA).

    It may be four hours old: that somebody has no key is not believed where it would be a finding.
    """
    row = rows.get(name)
    if row is None:
        return {}
    keys = {Fact.ACCESS_KEYS: ()} if name not in query.key_required and credential_report.has_no_key(row) else {}
    password = {Fact.CONSOLE: False, Fact.MFA: None} if credential_report.has_no_password(row) else {}
    return {**keys, **password, **(_password_use_from_report(row) if query.facts_of_all else {})}


def _password_use_from_report(row: CredentialRow) -> Mapping[Fact, Any]:
    """When the password was last used, by the report: of everybody, it saves a call for each."""
    try:
        time = credential_report.parse_report_time(row, "password_last_used")
    except ReportFormatError:
        return {}
    return {Fact.PASSWORD_USED: () if time is None else (time,)}


def _start_credential(reading: _ReadTracker, name: str, fact: Fact) -> _PendingRead[Any]:
    reads: Mapping[Fact, tuple[str, Callable[[Connection, str], Any]]] = {
        Fact.ACCESS_KEYS: ("ListAccessKeys", iam.list_access_keys),
        Fact.CONSOLE: ("GetLoginProfile", iam.has_password),
        Fact.MFA: ("ListMFADevices", iam.has_mfa),
        Fact.SERVICE_CREDENTIALS: ("ListServiceSpecificCredentials", iam.list_service_credentials),
        Fact.PASSWORD_USED: ("GetUser", iam.read_password_last_used),
    }
    operation, read = reads[fact]
    return reading.submit_read(fact, operation, partial(read, reading.connection, name), f"user/{name}")


def _await_credentials(
    reading: _ReadTracker, pending: Mapping[Fact, _PendingRead[Any]], facts: list[Fact], cleared: Mapping[Fact, Any]
) -> Credentials:
    values = {fact: reading.result_or_gap(pending[fact]) if fact in pending else cleared[fact] for fact in facts}
    password = values.get(Fact.CONSOLE)
    return Credentials(
        keys=values.get(Fact.ACCESS_KEYS),
        password=password,
        # Without a password there is no sign-in to protect, and both ways of reading say the same.
        mfa=None if password is False else values.get(Fact.MFA),
        services=values.get(Fact.SERVICE_CREDENTIALS),
        password_used=values.get(Fact.PASSWORD_USED),
    )
