"""Audits and the report of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from koding_audit.model.account import Account, Caller, PrincipalKind
from koding_audit.model.finding import Advice, Finding, Severity
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location, SourceFile
from koding_audit.model.plan import Journal
from koding_audit.model.query import Gap
from koding_audit.model.snapshot import RootUse

if TYPE_CHECKING:
    from koding_audit.model.errors import AuditError


RunStatus = Literal["clean", "findings", "incomplete"]


@dataclass(frozen=True, slots=True)
class RootState:
    """The state of the account's root user; None if it was not read.

    access_keys: whether it has any.
    mfa: whether it has MFA.
    use: its last use.
    """

    access_keys: bool | None = None
    mfa: bool | None = None
    use: RootUse | None = None


@dataclass(frozen=True, slots=True)
class OutlinePrincipal:
    """The outline of a declared principal.

    kind: its kind.
    name: its name.
    arn: its ARN.
    groups: the groups that a user must be in.
    members: the declared number of users in a group.
    required: the names of its required sets.
    optional: the names of its optional sets, each with whether it is attached completely; None if that was not read.
    """

    kind: PrincipalKind
    name: str
    arn: str
    groups: tuple[str, ...] = ()
    members: int = 0
    required: tuple[str, ...] = ()
    optional: tuple[tuple[str, bool | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """An outline of the desired state, for the graph in a report.

    declared: the number of declared principals of each kind.
    principals: the first of them, up to a limit; those with findings come first.
    policy_sets: the ARNs of each set that these principals name.
    """

    declared: Mapping[PrincipalKind, int]
    principals: tuple[OutlinePrincipal, ...]
    policy_sets: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One audit of a trend.

    taken_at: when it read the account.
    status: its status.
    partial: whether only some rules ran.
    error: the number of open findings at error, as in a report's `summary`; also warning and note.
    """

    taken_at: datetime
    status: RunStatus
    partial: bool
    error: int
    warning: int
    note: int

    @property
    def is_complete(self) -> bool:
        """Whether its numbers can be compared with another audit: it read everything, and all rules ran."""
        return self.status != "incomplete" and not self.partial


@dataclass(frozen=True, slots=True)
class Baseline:
    """The saved report that an audit was compared with.

    file: its path and hash.
    taken_at: when it read the account.
    gone: the ids of its open findings that this audit no longer has.
    """

    file: SourceFile
    taken_at: datetime
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WaiverUse:
    """What one shard of a run knows of the waivers; only all shards together show which of them are unused.

    used: the places of the waivers that match a finding of the audit.
    unused: the findings about waivers that match none; they do not count until the shards are merged.
    """

    used: tuple[Location, ...] = ()
    unused: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditNote:
    """What a reader of an audit has to know about how the account was read. It does not change a status.

    topic: what it is about, in lower case with hyphens; it does not change when the message is reworded.
    message: the note, as one sentence without a full stop.
    hint: what to do, or "".
    """

    topic: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class AuditScope:
    """What an audit was about, besides the files of the desired state.

    targets: the targets of the account whose declarations were compared.
    with_sets: the optional sets that counted as required.
    only: the rules that ran; () for all but those of `skip`.
    skip: the rules that did not run.
    stacks: the SHA-256 of each file of the stack scripts.
    """

    targets: tuple[str, ...] = ()
    with_sets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()

    def has_rule(self, rule: str) -> bool:
        """Whether the rule was selected."""
        return (not self.only or rule in self.only) and rule not in self.skip


@dataclass(frozen=True, slots=True)
class Audit:
    """The result for one account.

    account: the account.
    caller: whose credentials read it.
    taken_at: when it was read.
    source: `live`, or another source.
    endpoint: a custom endpoint, or None.
    hosts: the names of the hosts that were called, sorted; () if not known, and for the demo.
    desired: the files of the desired state.
    findings: the findings.
    gaps: what could not be read.
    blocked_rules: for each gap, the rules that it prevented, in the same order.
    not_seen: the policy layers that the evaluation left out.
    report_generated: when AWS made the credential report.
    credentials_as_of: until when keys and passwords are known; None if they were read live or their changes are known.
    notes: what a reader has to know about how the account was read.
    journal: the journal of a fix.
    root: the state of the root user.
    outline: an outline of the desired state.
    trend: the last audits of the account, oldest first, including this one; None without a history.
    baseline: the report that it was compared with.
    waiver_use: what a shard of a run knows of its waivers; None for other runs.
    allowed_later: the calls that AWS denied at first and allowed later in the same run.
    scope: what it was about; None if that is not known.
    """

    account: Account
    caller: Caller | None
    taken_at: datetime
    source: str
    endpoint: str | None
    desired: tuple[SourceFile, ...]
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...] = ()
    blocked_rules: tuple[tuple[str, ...], ...] = ()
    not_seen: tuple[str, ...] = ()
    report_generated: datetime | None = None
    credentials_as_of: datetime | None = None
    notes: tuple[AuditNote, ...] = ()
    journal: Journal | None = None
    root: RootState = RootState()
    outline: Outline | None = None
    trend: tuple[TrendPoint, ...] | None = None
    baseline: Baseline | None = None
    waiver_use: WaiverUse | None = None
    allowed_later: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    scope: AuditScope | None = AuditScope()


@dataclass(frozen=True, slots=True)
class Problem:
    """An error of the run itself, as the report shows it; the fields are as in AuditError."""

    message: str
    hint: str = ""
    location: Location | None = None

    @classmethod
    def from_error(cls, error: AuditError) -> Problem:
        """Make a problem from an error."""
        return cls(error.message, error.hint, error.location)


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of a run over many accounts a report is; the shards of one run have the same hashes.

    number: from 1 to the count.
    count: the number of shards.
    inputs: SHA-256 of the desired files, the targets, the options and the count; "" if the run failed before that.
    accounts: SHA-256 of the ids of all accounts of the run; "" if the run failed before they were found.
    """

    number: int
    count: int
    inputs: str = ""
    accounts: str = ""

    def __str__(self) -> str:
        return f"shard {self.number} of {self.count}"


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Which run a report is of.

    id: the value of `--run`; without one, `inputs` of the shard.
    shard: the part of the run; None for a whole run.
    inputs: SHA-256 of the desired files and the options, of a whole run; "" if the run failed before that.
    """

    id: str = ""
    shard: Shard | None = None
    inputs: str = ""


@dataclass(frozen=True, slots=True)
class SkippedAccount:
    """An account of a target that was not audited, because AWS has closed or suspended it.

    account_id: its id.
    state: its state in Organizations, `SUSPENDED`.
    """

    account_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run over one or many accounts.

    audits: one for each account. Many of them are kept on disk: iterate over them, and do not keep them.
    fail_on: the lowest severity that counts.
    errors: the errors of the run.
    advice: by rule, for formats for people.
    made_by: the version of the tool that made it, "" for the running one.
    run: which run it is of; None without `--run` and `--shard`.
    skipped: the accounts of its targets that cannot be used, sorted; they do not count in the status.
    """

    audits: Sequence[Audit]
    fail_on: Severity = "warning"
    errors: tuple[Problem, ...] = ()
    advice: Mapping[str, Advice] = field(default_factory=dict)
    made_by: str = ""
    run: RunIdentity | None = None
    skipped: tuple[SkippedAccount, ...] = ()
