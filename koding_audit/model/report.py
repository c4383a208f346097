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


# --- the result ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RootState:
    """What was read of the account's root user, None where it was not. access_keys: whether it has any."""

    access_keys: bool | None = None
    mfa: bool | None = None
    use: RootUse | None = None


@dataclass(frozen=True, slots=True)
class OutlinePrincipal:
    """A declared principal, in short.

    groups: those a user is to be in; members: how many users a group is to have; required: names of sets;
    optional: names of sets, each with whether all of it is attached, None where that was not read.
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
    """What the desired state asks for, in short, for whoever would rather look than read.

    declared: how many principals of each kind there are; principals: as many of them as an outline holds, those of
    findings first; policy_sets: the ARNs of each set that these name.
    """

    declared: Mapping[PrincipalKind, int]
    principals: tuple[OutlinePrincipal, ...]
    policy_sets: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One audit of a trend. error, warning, note: how many findings stood, as a report's `summary` counts them.

    partial: only some rules ran.
    """

    taken_at: datetime
    status: RunStatus
    partial: bool
    error: int
    warning: int
    note: int

    @property
    def is_complete(self) -> bool:
        """Whether its numbers can be held against those of another audit: it saw all, by all rules."""
        return self.status != "incomplete" and not self.partial


@dataclass(frozen=True, slots=True)
class Baseline:
    """The saved report that an audit was compared with.

    taken_at: when it read the account; gone: the ids of its findings that stood, and that were looked for in vain.
    """

    file: SourceFile
    taken_at: datetime
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """The result for one account. rules: for each gap, the rules that it kept from being checked, in its order.

    trend: the last audits of the account, this one at the end, the oldest first; None where no history was kept.
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
    journal: Journal | None = None
    root: RootState = RootState()
    outline: Outline | None = None
    trend: tuple[TrendPoint, ...] | None = None
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """An error of the run itself, as the report shows it."""

    message: str
    hint: str = ""
    location: Location | None = None

    @classmethod
    def from_error(cls, error: AuditError) -> Problem:
        return cls(error.message, error.hint, error.location)


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run. Plural from the first day: many accounts change no shape.

    audits: by account. Of many they are on the disk: go through them one after another, and keep none.

    advice: by rule, for formats that people read; a rule that is not in it is shown without.
    made_by: the version of this tool that made it, "" for the one that runs.
    """

    audits: Sequence[Audit]
    fail_on: Severity = "warning"
    errors: tuple[Problem, ...] = ()
    advice: Mapping[str, Advice] = field(default_factory=dict)
    made_by: str = ""
