"""The live account: only the calls that a query needs, in parallel; many principals by a listing of the account."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from koding_audit import credential_report, iam, organizations
from koding_audit.aws import ACCESS_DENIED, MALFORMED, NOT_THERE, Connection, connect
from koding_audit.collect import Opened, deciders, halved, holds, managed_arns, missing_counts
from koding_audit.credential_report import ReportFormatError, Row
from koding_audit.errors import CallError, InputError
from koding_audit.frozen import replace
from koding_audit.model import (
    Credentials,
    Fact,
    Gap,
    Kind,
    ManagedPolicy,
    Organization,
    Principal,
    PrincipalKey,
    Query,
    RootUse,
    Settings,
    Snapshot,
    document_key,
    key_of,
)
from koding_audit.reads import EVERY

T = TypeVar("T")
Report = tuple[Mapping[str, Row], datetime]

# Up to here the calls for the principals themselves are cheaper than reading whoever else is in the account.
TARGETED_CALLS = 48

# AWS gives no report that is older than four hours; an hour more for clocks that do not agree.
_REPORT_LIFE = timedelta(hours=5)

# In the order in which they are asked for: whether a policy has to be looked up hangs on what is attached.
_FACTS: Mapping[Kind, tuple[Fact, ...]] = {
    "group": (Fact.ATTACHED, Fact.GROUP, Fact.INLINE),
    "user": (Fact.ATTACHED, Fact.USER, Fact.GROUPS, Fact.INLINE),
    "role": (Fact.ATTACHED, Fact.ROLE, Fact.INLINE),
}
_KINDS: Mapping[str, Kind] = {"group": "group", "user": "user", "role": "role"}
_CREDENTIAL_FACTS = (Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA, Fact.SERVICE_CREDENTIALS, Fact.PASSWORD_USED)
_LISTED: Mapping[str, Fact] = {"attached": Fact.ATTACHED, "inline": Fact.INLINE, "groups": Fact.GROUPS}
_SELF: Mapping[Kind, Fact] = {"user": Fact.USER, "group": Fact.GROUP, "role": Fact.ROLE}


@contextlib.contextmanager
def opened(argument: str, settings: Settings) -> Iterator[Opened]:
    """The account that the settings lead to."""
    if argument:
        raise InputError(f"--source live:{argument}: `live` takes no argument", "write --source live")
    with connect(settings) as connection:
        yield Opened(connection.identity, partial(collect, connection=connection), connection)


def collect(query: Query, connection: Connection) -> Snapshot:
    """Read what the query needs. Whatever could not be read is a Gap; an account that cannot be told is CallError."""
    reading = _Reading(connection)
    bulk = is_bulk(query)
    # The longest chain of calls starts first: a new credential report takes seconds to be made.
    report = _start_report(reading) if _wants_report(query, bulk=bulk) else None
    organization = _start_organization(reading) if _wants_organization(query) else None
    principals = _Listed(reading, query) if bulk else _Targeted(reading, query)
    summary = _start_summary(reading) if Fact.SUMMARY in query.account else None
    found = principals.found()
    absent = principals.absent()
    halves = halved(query, found)
    policies = _start_policies(reading, query, found, halves)
    own = _start_own_policies(reading, query)
    found |= _groups_beside(reading, query, found)
    documents = _documents(reading, query, found, principals.documents())
    rows, root_use = _report(reading, query, report)
    credentials = _credentials(reading, query, found, rows)
    account, caller = connection.identity()
    # Last, because which documents there are to read hangs on the answers about the policies.
    versions = _Versions(reading, query, _policies(reading, query, policies), halves)
    known = versions.policies()
    documents |= versions.documents()
    own_policies, own_documents = (reading.value(own) if own else None) or ({}, {})
    return Snapshot(
        account=account,
        caller=caller,
        taken_at=datetime.now(timezone.utc).replace(microsecond=0),
        source=connection.source,
        endpoint=connection.endpoint,
        principals=found,
        absent=absent,
        listed=principals.listed(),
        credentials=credentials,
        policies={**known, **own_policies},
        summary=_summary(reading, summary, partial(missing_counts, query=query, found=found, absent=absent)),
        root_use=root_use,
        gaps=tuple(sorted(reading.gaps, key=lambda gap: (gap.fact.value, gap.subject, gap.call))),
        documents={**documents, **own_documents},
        policies_listed=Fact.POLICY in query.everything and not any(gap.fact is Fact.POLICY for gap in reading.gaps),
        organization=_organization(reading, organization),
    )


def is_bulk(query: Query) -> bool:
    """Whether the account is listed instead of asking for each principal by itself."""
    facts = [*query.users.values(), *query.groups.values(), *query.roles.values()]
    calls = sum(len(each.difference(_CREDENTIAL_FACTS)) for each in facts)
    return bool(query.listed or query.everything) or calls > TARGETED_CALLS


class _Pending(Generic[T]):
    """A read under way: what of whom it is for, and the call that it makes."""

    def __init__(self, fact: Fact, subject: str, future: Future[T], call: str) -> None:
        self.fact, self.subject, self.future, self.call = fact, subject, future, call


class _Reading:
    """Reads under way, and the gaps of those that failed."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.gaps: list[Gap] = []

    def start(self, fact: Fact, operation: str, function: Callable[[], T], subject: str = "") -> _Pending[T]:
        return _Pending(fact, subject, self.connection.submit(function), f"iam:{operation}")

    def value(self, pending: _Pending[T], *, gone: bool = False, also: Iterable[Fact] = ()) -> T | None:
        """What was read, or None and a Gap; None alone where `gone` says that its principal is not there.

        also: the other facts that it is a part of, each of them a gap then too.
        """
        try:
            return self.connection.result(pending.future, pending.call)
        except CallError as error:
            if not (gone and error.code == NOT_THERE):
                for fact in (pending.fact, *also):
                    self.gap(fact, error, pending.subject)
            return None

    def gap(self, fact: Fact, error: CallError, subject: str = "") -> None:
        permission = error.call if error.code in ACCESS_DENIED else ""
        # What is wrong with a reply is ours to say; AWS's own words are its caller's, and may be anything.
        ours = error.detail if error.code == MALFORMED else error.cause
        reason = f"{error.code}: {ours}" if ours else error.code
        self.gaps.append(Gap(fact, error.call, reason, subject, permission))


class _Targeted:
    """Each principal by calls of its own, all under way at once."""

    def __init__(self, reading: _Reading, query: Query) -> None:
        self._reading = reading
        self._wanted = list(_wanted(query))
        self._absent: set[PrincipalKey] = set()
        self._pending: dict[tuple[PrincipalKey, Fact], _Pending[Any]] = {}
        for position in range(len(_FACTS["user"])):
            for kind, name, facts in self._wanted:
                for fact in _FACTS[kind][position : position + 1]:
                    if fact in facts:
                        self._pending[key_of(kind, name), fact] = _start_fact(reading, kind, name, fact, facts)

    def found(self) -> dict[PrincipalKey, Principal]:
        every = ((key_of(kind, name), self._principal(kind, name)) for kind, name, _ in self._wanted)
        return {key: each for key, each in every if each is not None}

    def absent(self) -> frozenset[PrincipalKey]:
        return frozenset(self._absent)

    def listed(self) -> frozenset[Kind]:
        return frozenset()

    def documents(self) -> Mapping[str, Any]:
        return {}

    def _principal(self, kind: Kind, name: str) -> Principal | None:
        key = key_of(kind, name)
        alone: Principal | None = None
        gone = False
        try:
            own = self._pending[key, _SELF[kind]]
            alone = self._reading.connection.result(own.future, own.call)
        except CallError as error:
            gone = error.code == NOT_THERE
            if gone:
                self._absent.add(key)
            else:
                self._reading.gap(_SELF[kind], error, f"{kind}/{name}")
        attached, inline, groups = (
            self._reading.value(self._pending[key, fact], gone=gone) if (key, fact) in self._pending else None
            for fact in (Fact.ATTACHED, Fact.INLINE, Fact.GROUPS)
        )
        return replace(alone, attached=attached, inline=inline, groups=groups) if alone else None


class _Listed:
    """Every principal by GetAccountAuthorizationDetails, a thousand to a page, then those that are wanted."""

    def __init__(self, reading: _Reading, query: Query) -> None:
        self._reading = reading
        self._query = query
        kinds = tuple(kind for kind in _SELF if self._facts(kind))
        # Kinds whose lists can be read side by side are: the wait is that of the longest list.
        together = (kinds,) if reading.connection.one_by_one and kinds else tuple((kind,) for kind in kinds)
        self._pending: dict[Kind, Future[dict[Kind, iam.Details]]] = {}
        for those in together:
            self._pending |= dict.fromkeys(those, self._start(those))
        self._details: dict[Kind, iam.Details | None] = {}

    def found(self) -> dict[PrincipalKey, Principal]:
        self._details = {kind: self._read(kind, pending) for kind, pending in self._pending.items()}
        by_key = {key_of(each.kind, each.name): each for each in self._every()}
        if self._query.everything:
            return {key: self._masked(each, self._query.everything) for key, each in by_key.items()}
        wanted = {key_of(kind, name): facts for kind, name, facts in _wanted(self._query)}
        return {
            key: self._masked(each, wanted.get(key, frozenset()))
            for key, each in by_key.items()
            if key in wanted or key[0] in self._query.listed
        }

    def absent(self) -> frozenset[PrincipalKey]:
        read = {key_of(each.kind, each.name) for each in self._every()}
        known = (key_of(kind, name) for kind, name, _ in _wanted(self._query) if self._details.get(kind) is not None)
        return frozenset(key for key in known if key not in read)

    def listed(self) -> frozenset[Kind]:
        asked = self._details if self._query.everything else self._query.listed
        return frozenset(kind for kind in asked if self._details.get(kind) is not None)

    def documents(self) -> Mapping[str, Any]:
        """The details of inline policies, by model.document_key."""
        found: dict[str, Any] = {}
        for details in self._details.values():
            found |= details.documents if details else {}
        return found

    def _every(self) -> Iterator[Principal]:
        return (each for details in self._details.values() if details for each in details.principals)

    def _facts(self, kind: Kind) -> list[Fact]:
        """What is unknown without the list of a kind: those who are asked for, who else there is, or both."""
        members = any(Fact.MEMBERS in facts for facts in self._query.groups.values())
        query = self._query
        those = {"group": query.groups, "user": query.users or members, "role": query.roles}
        asked = those[kind] or query.everything
        return [fact for fact, wanted in ((_SELF[kind], asked), (EVERY[kind], kind in self._query.listed)) if wanted]

    def _start(self, kinds: tuple[Kind, ...]) -> Future[dict[Kind, iam.Details]]:
        connection = self._reading.connection
        return connection.submit(iam.details, connection, kinds)

    def _read(self, kind: Kind, pending: Future[dict[Kind, iam.Details]]) -> iam.Details | None:
        try:
            return self._reading.connection.result(pending, "iam:GetAccountAuthorizationDetails")[kind]
        except CallError as error:
            for fact in self._facts(kind):
                self._reading.gap(fact, error)
            return None

    def _masked(self, principal: Principal, facts: frozenset[Fact]) -> Principal:
        """As reading it by itself would have given it: what was not asked for is None."""
        changed: dict[str, Any] = {name: None for name, fact in _LISTED.items() if fact not in facts}
        if self._has_members(principal, facts):
            changed["members"] = self._members.get(principal.name, frozenset())
        return replace(principal, **changed) if changed else principal

    def _has_members(self, principal: Principal, facts: frozenset[Fact]) -> bool:
        return principal.kind == "group" and Fact.MEMBERS in facts and self._details.get("user") is not None

    @functools.cached_property
    def _members(self) -> Mapping[str, frozenset[str]]:
        users = self._details.get("user")
        return iam.members_by_group(users.principals if users else ())


def _wanted(query: Query) -> Iterator[tuple[Kind, str, frozenset[Fact]]]:
    asked: tuple[tuple[Kind, Mapping[str, frozenset[Fact]]], ...] = (
        ("group", query.groups),
        ("user", query.users),
        ("role", query.roles),
    )
    return ((kind, name, facts) for kind, those in asked for name, facts in those.items())


def _start_fact(reading: _Reading, kind: Kind, name: str, fact: Fact, facts: frozenset[Fact]) -> _Pending[Any]:
    connection, subject, word = reading.connection, f"{kind}/{name}", kind.title()
    if fact is Fact.ATTACHED:
        read = partial(iam.attached_policies, connection, kind, name)
        return reading.start(fact, f"ListAttached{word}Policies", read, subject)
    if fact is Fact.INLINE:
        names = partial(iam.inline_policies, connection, kind, name)
        return reading.start(fact, f"List{word}Policies", names, subject)
    if fact is Fact.GROUPS:
        return reading.start(fact, "ListGroupsForUser", partial(iam.groups_of_user, connection, name), subject)
    alone = partial(iam.principal, connection, kind, name, members=Fact.MEMBERS in facts)
    return reading.start(fact, f"Get{word}", alone, subject)


def _wants_organization(query: Query) -> bool:
    """Only a decision asks what the organization allows."""
    return bool(query.effective) or Fact.DOCUMENT in query.everything


def _start_organization(reading: _Reading) -> Future[Organization]:
    connection = reading.connection
    return connection.submit(lambda: organizations.organization(connection, connection.identity()[0].id))


def _organization(reading: _Reading, pending: Future[Organization] | None) -> Organization:
    """What could not be read of it is no gap: a verdict says which layers it left out."""
    try:
        call = "organizations:DescribeOrganization"
        return reading.connection.result(pending, call) if pending else Organization()
    except CallError:
        return Organization()


def _start_summary(reading: _Reading) -> _Pending[dict[str, int]]:
    return reading.start(Fact.SUMMARY, "GetAccountSummary", partial(iam.account_summary, reading.connection))


def _summary(
    reading: _Reading, pending: _Pending[dict[str, int]] | None, missing: Callable[[dict[str, int]], list[str]]
) -> dict[str, int] | None:
    """The summary; one that lacks what this audit goes by is a gap too."""
    summary = reading.value(pending) if pending else None
    lacks = missing(summary) if summary is not None else []
    if lacks:
        reading.gaps.append(Gap(Fact.SUMMARY, "iam:GetAccountSummary", f"the reply has no {', '.join(lacks)}"))
    return summary


def _start_report(reading: _Reading) -> _Pending[Report]:
    read = partial(iam.credential_report, reading.connection)
    return reading.start(Fact.CREDENTIAL_REPORT, "GetCredentialReport", read)


def _wants_report(query: Query, *, bulk: bool) -> bool:
    """Root's row is in it; and of many users it tells at once who has no key and no password."""
    screens = bulk and any(facts.intersection(_CREDENTIAL_FACTS) for facts in query.users.values())
    wanted = query.account | query.everything
    return Fact.CREDENTIAL_REPORT in wanted or screens


def _report(
    reading: _Reading, query: Query, pending: _Pending[Report] | None
) -> tuple[Mapping[str, Row], RootUse | None]:
    """The report's rows and root's own. A report that only screens users is no gap: each is then read by itself."""
    if pending is None:
        return {}, None
    if Fact.CREDENTIAL_REPORT not in query.account:
        try:
            rows, generated = reading.connection.result(pending.future, pending.call)
        except CallError:
            return {}, None
        return ({} if _is_stale(generated) else rows), None
    report = reading.value(pending)
    if report is None:
        return {}, None
    if _is_stale(report[1]):
        reason = f"ReportExpired: it was made at {report[1]:%Y-%m-%dT%H:%M:%SZ}, more than four hours ago"
        reading.gaps.append(Gap(Fact.CREDENTIAL_REPORT, pending.call, reason))
        return {}, None
    try:
        return report[0], credential_report.root_use(*report)
    except ReportFormatError as error:
        reading.gaps.append(Gap(Fact.CREDENTIAL_REPORT, pending.call, str(error)))
        return report[0], None


def _is_stale(generated: datetime) -> bool:
    return datetime.now(timezone.utc) - generated > _REPORT_LIFE


def _start_policies(
    reading: _Reading, query: Query, found: Mapping[PrincipalKey, Principal], halves: Collection[str]
) -> dict[str, _Pending[Any]]:
    """Look up each policy that not all who are to hold it hold, and each whose versions are asked for.

    The former may not exist, or not be attachable any more.
    """
    connection = reading.connection
    if Fact.POLICY in query.everything:
        return {"": reading.start(Fact.POLICY, "ListPolicies", partial(iam.managed_policies, connection))}
    lacking = {arn for arn, keys in query.policies.items() if not all(holds(found.get(key), arn) for key in keys)}
    return {
        arn: reading.start(
            Fact.POLICY if arn in lacking else _fact_of(query, arn),
            "GetPolicy",
            partial(iam.managed_policy, connection, arn),
            arn,
        )
        for arn in sorted(lacking.union(query.versions, halves))
    }


def _policies(reading: _Reading, query: Query, pending: Mapping[str, _Pending[Any]]) -> dict[str, ManagedPolicy | None]:
    if "" in pending:
        return reading.value(pending[""]) or {}
    known = {}
    for arn, each in pending.items():
        gaps = len(reading.gaps)
        both = each.fact is Fact.POLICY and arn in query.versions
        policy = reading.value(each, also=[Fact.VERSIONS] if both else ())
        if len(reading.gaps) == gaps:
            known[arn] = policy
    return known


def _fact_of(query: Query, arn: str) -> Fact:
    """What the document of a policy is read for."""
    return Fact.VERSIONS if arn in query.versions else Fact.HALVES


def _start_own_policies(
    reading: _Reading, query: Query
) -> _Pending[tuple[dict[str, ManagedPolicy], dict[str, str]]] | None:
    """All versions of the account's own policies: where everything is asked for."""
    if Fact.VERSIONS not in query.everything:
        return None
    read = partial(iam.own_policies, reading.connection)
    return reading.start(Fact.VERSIONS, "GetAccountAuthorizationDetails", read)


class _Versions:
    """The versions of those policies of which the desired state says more than a name, and the documents to compare."""

    def __init__(
        self, reading: _Reading, query: Query, known: dict[str, ManagedPolicy | None], halves: Collection[str]
    ) -> None:
        self._reading = reading
        self._query = query
        self._known = known
        there = [(policy, query.versions[arn]) for arn, policy in known.items() if policy and arn in query.versions]
        self._ids = {policy.arn: self._start_ids(policy.arn) for policy, pinned in there if not pinned}
        names = {name: version for policy, pinned in there for name, version in _compared(policy, pinned)}
        names |= {arn: policy.default_version for arn, policy in known.items() if policy and arn in halves}
        self._texts = {name: self._start_text(name, version) for name, version in names.items()}

    def policies(self) -> dict[str, ManagedPolicy | None]:
        ids = {arn: self._reading.value(pending) or () for arn, pending in self._ids.items()}
        return {arn: policy and replace(policy, versions=ids.get(arn, ())) for arn, policy in self._known.items()}

    def documents(self) -> dict[str, str]:
        # AWS may have deleted a version that somebody is pinned to.
        texts = {name: self._reading.value(pending, gone="@" in name) for name, pending in self._texts.items()}
        return {name: text for name, text in texts.items() if text is not None}

    def _start_ids(self, arn: str) -> _Pending[tuple[str, ...]]:
        read = partial(iam.policy_versions, self._reading.connection, arn)
        return self._reading.start(Fact.VERSIONS, "ListPolicyVersions", read, arn)

    def _start_text(self, name: str, version: str) -> _Pending[str]:
        arn = name.partition("@")[0]
        read = partial(iam.managed_document, self._reading.connection, arn, version)
        return self._reading.start(_fact_of(self._query, arn), "GetPolicyVersion", read, arn)


def _compared(policy: ManagedPolicy, pinned: str) -> tuple[tuple[str, str], ...]:
    """The documents to compare, by their names, with their versions: none where a pin still holds."""
    if pinned == policy.default_version:
        return ()
    pin = ((f"{policy.arn}@{pinned}", pinned),) if pinned else ()
    return ((policy.arn, policy.default_version), *pin)


def _groups_beside(
    reading: _Reading, query: Query, found: Mapping[PrincipalKey, Principal]
) -> dict[PrincipalKey, Principal]:
    """The groups that nobody declared and that users are in whose permissions are to be decided."""
    users = [found[key] for key in query.effective if key in found and key[0] == "user"]
    names = {key_of("group", name): name for user in users for name in user.groups or ()}
    lacking = {key: name for key, name in names.items() if key not in found or found[key].attached is None}
    if not lacking:
        return {}
    facts = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})
    return _Targeted(reading, Query(groups=dict.fromkeys(lacking.values(), facts))).found()


def _documents(
    reading: _Reading, query: Query, found: Mapping[PrincipalKey, Principal], known: Mapping[str, Any]
) -> dict[str, str]:
    """The documents of every policy that decides for those whose permissions are to be decided, and those compared.

    known: the details of those that a listing has brought along; no other of them is decoded.
    """
    holders = deciders(found if Fact.DOCUMENT in query.everything else query.effective, found)
    connection = reading.connection
    pending = {
        arn: reading.start(Fact.DOCUMENT, "GetPolicyVersion", partial(iam.managed_document, connection, arn), arn)
        for arn in sorted(managed_arns(holders.values()))
    }
    pending |= {name: _start_document(reading, name, version) for name, version in query.texts.items()}
    inline = _inline_wanted(query, holders, found)
    for name, (each, policy, facts) in inline.items():
        if name not in known:
            read = partial(iam.inline_document, connection, each.kind, each.name, policy)
            pending[name] = reading.start(facts[0], f"Get{each.kind.title()}Policy", read, name)
    also = {name: wanted.facts[1:] for name, wanted in inline.items()}
    texts = {name: reading.value(each, also=also.get(name, ())) for name, each in pending.items()}
    texts |= {
        name: _decoded(reading, name, wanted.facts, known[name]) for name, wanted in inline.items() if name in known
    }
    return {name: text for name, text in texts.items() if text is not None}


def _decoded(reading: _Reading, name: str, facts: Iterable[Fact], policy: Any) -> str | None:
    """The document in an inline policy's detail, or None and a gap for each fact that it is a part of."""
    try:
        return iam.document_of_detail(policy)
    except CallError as error:
        for fact in facts:
            reading.gap(fact, error, name)
        return None


def _start_document(reading: _Reading, name: str, version: str) -> _Pending[str]:
    """A document by itself; of a managed policy the version that its name says, or else this one."""
    connection = reading.connection
    if name.startswith("arn:"):
        arn, _, said = name.partition("@")
        read = partial(iam.managed_document, connection, arn, said or version)
        return reading.start(Fact.DOCUMENT, "GetPolicyVersion", read, name)
    kind, holder, policy = name.split("/")
    own = partial(iam.inline_document, connection, _KINDS[kind], holder, policy)
    return reading.start(Fact.DOCUMENT, f"Get{kind.title()}Policy", own, name)


class _Inline(NamedTuple):
    """An inline policy whose document is wanted, and the facts that it is a part of."""

    holder: Principal
    policy: str
    facts: tuple[Fact, ...]


def _inline_wanted(
    query: Query, holders: Mapping[PrincipalKey, Principal], found: Mapping[PrincipalKey, Principal]
) -> dict[str, _Inline]:
    """The inline policies to read, by document_key: those that decide, and those that a desired state names."""
    decide = (Fact.DOCUMENT, *(query.everything & {Fact.INLINE_DOCUMENT}))
    wanted = {
        document_key(each, policy): _Inline(each, policy, decide)
        for each in holders.values()
        for policy in sorted(each.inline or ())
    }
    for each, names in ((found[key], names) for key, names in query.inline.items() if key in found):
        for policy in sorted(names & (each.inline or frozenset())):
            name = document_key(each, policy)
            before = wanted[name].facts if name in wanted else ()
            wanted[name] = _Inline(each, policy, (*before, Fact.INLINE_DOCUMENT))
    return wanted


def _credentials(
    reading: _Reading, query: Query, found: Mapping[PrincipalKey, Principal], rows: Mapping[str, Row]
) -> dict[str, Credentials]:
    """What the users that are there can sign in with; only those whom the report does not clear are asked about."""
    pending: dict[str, dict[Fact, _Pending[Any]]] = {}
    asked = _credential_facts(query, found)
    for name, facts in asked.items():
        cleared = _cleared(query, name, rows)
        pending[name] = {fact: _start_credential(reading, name, fact) for fact in facts if fact not in cleared}
    return {
        name.casefold(): _as_credentials(reading, pending[name], facts, _cleared(query, name, rows))
        for name, facts in asked.items()
    }


def _credential_facts(query: Query, found: Mapping[PrincipalKey, Principal]) -> dict[str, list[Fact]]:
    wanted: Iterable[tuple[str, frozenset[Fact]]] = query.users.items()
    if query.everything:
        wanted = ((each.name, query.everything) for each in found.values() if each.kind == "user")
    there = (
        (name, [fact for fact in _CREDENTIAL_FACTS if fact in facts])
        for name, facts in wanted
        if not facts.isdisjoint(_CREDENTIAL_FACTS) and key_of("user", name) in found
    )
    return dict(there)


def _cleared(query: Query, name: str, rows: Mapping[str, Row]) -> Mapping[Fact, Any]:
    """What the report says for certain: no key ever made, no password (and so no question of MFA).

    It may be four hours old: that somebody has no key is not believed where it would be a finding.
    """
    row = rows.get(name)
    if row is None:
        return {}
    keys = {Fact.ACCESS_KEYS: ()} if name not in query.keyed and credential_report.has_no_key(row) else {}
    password = {Fact.CONSOLE: False, Fact.MFA: None} if credential_report.has_no_password(row) else {}
    return {**keys, **password, **(_used(row) if query.everything else {})}


def _used(row: Row) -> Mapping[Fact, Any]:
    """When the password was last used, by the report: of everybody, it saves a call for each."""
    try:
        time = credential_report.moment(row, "password_last_used")
    except ReportFormatError:
        return {}
    return {Fact.PASSWORD_USED: () if time is None else (time,)}


def _start_credential(reading: _Reading, name: str, fact: Fact) -> _Pending[Any]:
    reads: Mapping[Fact, tuple[str, Callable[[Connection, str], Any]]] = {
        Fact.ACCESS_KEYS: ("ListAccessKeys", iam.access_keys),
        Fact.CONSOLE: ("GetLoginProfile", iam.has_password),
        Fact.MFA: ("ListMFADevices", iam.has_mfa),
        Fact.SERVICE_CREDENTIALS: ("ListServiceSpecificCredentials", iam.service_credentials),
        Fact.PASSWORD_USED: ("GetUser", iam.password_used),
    }
    operation, read = reads[fact]
    return reading.start(fact, operation, partial(read, reading.connection, name), f"user/{name}")


def _as_credentials(
    reading: _Reading, pending: Mapping[Fact, _Pending[Any]], facts: list[Fact], cleared: Mapping[Fact, Any]
) -> Credentials:
    values = {fact: reading.value(pending[fact]) if fact in pending else cleared[fact] for fact in facts}
    password = values.get(Fact.CONSOLE)
    return Credentials(
        keys=values.get(Fact.ACCESS_KEYS),
        password=password,
        # Without a password there is no sign-in to protect, and both ways of reading say the same.
        mfa=None if password is False else values.get(Fact.MFA),
        services=values.get(Fact.SERVICE_CREDENTIALS),
        password_used=values.get(Fact.PASSWORD_USED),
    )
