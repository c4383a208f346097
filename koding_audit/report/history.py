"""Builds an account's history from its audits: open findings with their dates, new and resolved findings, a trend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from koding_audit.model.finding import NOT_CHECKED, Finding
from koding_audit.model.report import AuditScope, RunStatus, TrendPoint
from koding_audit.report.scope import is_within
from koding_audit.report.status import count_findings, sort_findings

EventKind = Literal["came", "went", "fixed", "changed"]


class HistoryKey(NamedTuple):
    """The key of a history: only audits of one account, read in the same way, are comparable.

    partition: of AWS
    account: the account's id
    source: `live`, `demo` or `snapshot`
    endpoint: a custom endpoint, "" for AWS's own
    """

    partition: str
    account: str
    source: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One audit in a history.

    history_key: which history it belongs to
    taken_at: when the account was read
    status: of the audit
    rules: the rules that ran, None for all
    findings: without evidence and fix
    files: the SHA-256 of each file of the desired state, by its path; "" if only the path was recorded, None if nothing
    scope: what else it was about; None if it was recorded before that was
    """

    history_key: HistoryKey
    taken_at: datetime
    status: RunStatus
    rules: frozenset[str] | None
    findings: tuple[Finding, ...]
    files: Mapping[str, str] | None = None
    scope: AuditScope | None = None


@dataclass(frozen=True, slots=True)
class TrackedFinding:
    """An open or waived finding.

    finding: the finding as the last audit saw it
    since: the first audit after which no audit showed that it was gone
    last: the last audit that found it, without its findings
    is_confirmed: whether that is the last audit of all; if not, no later audit could show whether it is still there,
        because it was incomplete, did not run the rule, or was not about all that the last one was about
    """

    finding: Finding
    since: datetime
    last: AuditRecord
    is_confirmed: bool = True

    @property
    def last_seen(self) -> datetime:
        """When the last audit that found it read the account."""
        return self.last.taken_at


@dataclass(frozen=True, slots=True)
class FindingEvent:
    """A change that an audit showed.

    at: when the account was read
    kind: `came`, `went`, `fixed` by the `--fix` of the same run, or `changed`: no longer found by an audit of the same
        files with another content, which may not declare it any more
    finding: the finding that came or went
    """

    at: datetime
    kind: EventKind
    finding: Finding


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One audit in a trend.

    at: when the account was read
    status: of the audit
    partial: whether only some rules ran
    counts: as in a report's `summary`
    new_count: how many findings came
    resolved_count: how many findings went, were fixed, or are gone with a changed file
    """

    at: datetime
    status: RunStatus
    partial: bool
    counts: Mapping[str, int]
    new_count: int
    resolved_count: int


@dataclass(frozen=True, slots=True)
class History:
    """The history of one account.

    history_key: which account, and how it was read
    audits: how many audits there are
    last: the last audit
    tracked: open and waived findings, most severe first
    events: changes, oldest first
    series: one point for each audit, oldest first
    """

    history_key: HistoryKey
    audits: int
    last: HistoryPoint
    tracked: tuple[TrackedFinding, ...]
    events: tuple[FindingEvent, ...]
    series: tuple[HistoryPoint, ...]


def build_histories(audits: Iterable[AuditRecord]) -> tuple[History, ...]:
    """Returns the history of each account. audits: in the order in which the accounts were read."""
    builders: dict[HistoryKey, _HistoryBuilder] = {}
    for audit in distinct_records(audits):
        builders.setdefault(audit.history_key, _HistoryBuilder()).add_record(audit)
    return tuple(builders[key].build_history(key) for key in sorted(builders))


def distinct_records(audits: Iterable[AuditRecord]) -> Iterator[AuditRecord]:
    """Yields the audits, without those that equal the one before of the same account.

    A run with `--resume` records an account again that the run before has read.
    """
    last: dict[HistoryKey, AuditRecord] = {}
    for each in audits:
        if last.get(each.history_key) != each:
            yield each
        last[each.history_key] = each


def trend_point(audit: AuditRecord) -> TrendPoint:
    """Returns the point of an audit in a trend."""
    counts = count_findings(audit.findings)
    unresolved = (counts["error"], counts["warning"], counts["note"])
    return TrendPoint(audit.taken_at, audit.status, audit.rules is not None, *unresolved)


@dataclass(slots=True)
class _HistoryBuilder:
    """Builds a history from one audit at a time, because there can be very many.

    tracked: open and waived findings by id
    events: changes so far
    series: one point for each audit
    """

    tracked: dict[str, TrackedFinding] = field(default_factory=dict)
    events: list[FindingEvent] = field(default_factory=list)
    series: list[HistoryPoint] = field(default_factory=list)

    def add_record(self, audit: AuditRecord) -> None:
        """Adds the next audit."""
        events = [*self._record_present(audit), *self._record_absent(audit)]
        new_count = sum(each.kind == "came" for each in events)
        self.events += events
        counts, partial = count_findings(audit.findings), audit.rules is not None
        resolved_count = len(events) - new_count
        self.series.append(HistoryPoint(audit.taken_at, audit.status, partial, counts, new_count, resolved_count))

    def _record_present(self, audit: AuditRecord) -> list[FindingEvent]:
        """Tracks the findings of an audit; returns those that came, and those that its own fix removed.

        A finding that is new and fixed in the same run has both events.
        """
        found: list[FindingEvent] = []
        last = replace(audit, findings=())  # what is open for long does not keep the other findings of its audit
        for each in audit.findings:
            before = self.tracked.pop(each.id, None)
            if before is None:
                found.append(FindingEvent(audit.taken_at, "came", each))
            if each.status == "fixed":
                found.append(FindingEvent(audit.taken_at, "fixed", each))
            else:
                since = before.since if before else audit.taken_at
                self.tracked[each.id] = TrackedFinding(each, since, last)
        return found

    def _record_absent(self, audit: AuditRecord) -> list[FindingEvent]:
        """Returns the findings that are gone: the audit could have shown them and does not. Others are unconfirmed."""
        present = {each.id for each in audit.findings}
        found: list[FindingEvent] = []
        for name in [name for name in self.tracked if name not in present]:
            each = self.tracked[name]
            if _can_show(audit, each.last, each.finding.rule):
                del self.tracked[name]
                kind: EventKind = "went" if _has_contents(audit, each.last) else "changed"
                found.append(FindingEvent(audit.taken_at, kind, each.finding))
            else:
                self.tracked[name] = replace(each, is_confirmed=False)
        return found

    def build_history(self, key: HistoryKey) -> History:
        """Returns the history of the audits that were added."""
        tracked = tuple(self.tracked[each.id] for each in sort_findings(one.finding for one in self.tracked.values()))
        return History(key, len(self.series), self.series[-1], tracked, tuple(self.events), tuple(self.series))


def _can_show(audit: AuditRecord, last: AuditRecord, rule: str) -> bool:
    """Whether an audit would show a finding of an audit before, if the files are unchanged since.

    It is complete, the rule ran, and it was about the same files, targets, sets and stack scripts or more.
    """
    ran = audit.rules is None or rule in audit.rules or rule == NOT_CHECKED
    return ran and audit.status != "incomplete" and _has_files(audit, last) and _has_scope(audit, last, rule)


def _has_files(audit: AuditRecord, last: AuditRecord) -> bool:
    """Whether an audit has each file of an audit before, by its path or, if it was moved, by its content."""
    if audit.files is None or last.files is None:
        return True
    contents = {each for each in audit.files.values() if each}
    return all(path in audit.files or content in contents for path, content in last.files.items())


def _has_scope(audit: AuditRecord, last: AuditRecord, rule: str) -> bool:
    return audit.scope is None or last.scope is None or is_within(last.scope, audit.scope, rule)


def _has_contents(audit: AuditRecord, last: AuditRecord) -> bool:
    """Whether each file of an audit before is among those of an audit, unchanged; also if its content is not known."""
    if audit.files is None or last.files is None:
        return True
    contents = set(audit.files.values())
    return "" in contents or all(each in contents for each in last.files.values() if each)
