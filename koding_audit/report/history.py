"""From audits of one account, one after another, to since when each finding stands, what came and went, and a trend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from koding_audit.model.finding import NOT_CHECKED, Finding
from koding_audit.model.report import RunStatus, TrendPoint
from koding_audit.report.status import count_findings, sort_findings

EventKind = Literal["came", "went", "fixed"]


class HistoryKey(NamedTuple):
    """What is audited: only audits of the same account, read in the same way, can be set side by side.

    source: `live`, `demo`, `snapshot`; endpoint: one that is not AWS's own, or "".
    """

    partition: str
    account: str
    source: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One audit as a history keeps it: findings without evidence and fix. rules: those that ran, None for all."""

    history_key: HistoryKey
    taken_at: datetime
    status: RunStatus
    rules: frozenset[str] | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class TrackedFinding:
    """A finding that stands, or is waived. since: the first audit from which on it was never seen to be gone.

    seen: the last audit that saw it; known: whether that is the last one. If not, no audit since could tell: what an
    incomplete one does not show is not gone, and neither is what a rule that did not run would have found.
    """

    finding: Finding
    since: datetime
    last_seen: datetime
    is_confirmed: bool = True


@dataclass(frozen=True, slots=True)
class FindingEvent:
    """What an audit showed to have come or gone since the one before; fixed: by that run's own `--fix`."""

    at: datetime
    kind: EventKind
    finding: Finding


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One audit in a trend: its counts as in a report's `summary`, and how many findings came and went with it.

    partial: only some rules ran.
    """

    at: datetime
    status: RunStatus
    partial: bool
    counts: Mapping[str, int]
    new_count: int
    resolved_count: int


@dataclass(frozen=True, slots=True)
class History:
    """What is known of one account.

    audits: how many there were; last: the last of them; standing: the worst first; events and series: the oldest first.
    """

    history_key: HistoryKey
    audits: int
    last: HistoryPoint
    tracked: tuple[TrackedFinding, ...]
    events: tuple[FindingEvent, ...]
    series: tuple[HistoryPoint, ...]


def build_histories(audits: Iterable[AuditRecord]) -> tuple[History, ...]:
    """The history of each account, of audits that come in the order in which the account was read."""
    tracks: dict[HistoryKey, _HistoryBuilder] = {}
    for audit in audits:
        tracks.setdefault(audit.history_key, _HistoryBuilder()).add_record(audit)
    return tuple(tracks[track].build_history(track) for track in sorted(tracks))


def trend_point(audit: AuditRecord) -> TrendPoint:
    counts = count_findings(audit.findings)
    standing = (counts["error"], counts["warning"], counts["note"])
    return TrendPoint(audit.taken_at, audit.status, audit.rules is not None, *standing)


@dataclass(slots=True)
class _HistoryBuilder:
    """A history while it is being made: the audits pass by one at a time, for there may be very many."""

    tracked: dict[str, TrackedFinding] = field(default_factory=dict)
    events: list[FindingEvent] = field(default_factory=list)
    series: list[HistoryPoint] = field(default_factory=list)

    def add_record(self, audit: AuditRecord) -> None:
        found = [*self._record_seen(audit), *self._record_unseen(audit)]
        came = sum(each.kind == "came" for each in found)
        self.events += found
        counts, partial = count_findings(audit.findings), audit.rules is not None
        self.series.append(HistoryPoint(audit.taken_at, audit.status, partial, counts, came, len(found) - came))

    def _record_seen(self, audit: AuditRecord) -> list[FindingEvent]:
        """What came by what the audit shows, and what its own fix took away: that came too, where it was not known."""
        found: list[FindingEvent] = []
        for each in audit.findings:
            before = self.tracked.pop(each.id, None)
            if before is None:
                found.append(FindingEvent(audit.taken_at, "came", each))
            if each.status == "fixed":
                found.append(FindingEvent(audit.taken_at, "fixed", each))
            else:
                since = before.since if before else audit.taken_at
                self.tracked[each.id] = TrackedFinding(each, since, audit.taken_at)
        return found

    def _record_unseen(self, audit: AuditRecord) -> list[FindingEvent]:
        """What went, by what the audit could have shown and does not; of the rest it is not known."""
        shown = {each.id for each in audit.findings}
        found: list[FindingEvent] = []
        for name in [name for name in self.tracked if name not in shown]:
            each = self.tracked[name]
            if _can_show(audit, each.finding.rule):
                del self.tracked[name]
                found.append(FindingEvent(audit.taken_at, "went", each.finding))
            else:
                self.tracked[name] = TrackedFinding(each.finding, each.since, each.last_seen, is_confirmed=False)
        return found

    def build_history(self, track: HistoryKey) -> History:
        standing = tuple(self.tracked[each.id] for each in sort_findings(one.finding for one in self.tracked.values()))
        return History(track, len(self.series), self.series[-1], standing, tuple(self.events), tuple(self.series))


def _can_show(audit: AuditRecord, rule: str) -> bool:
    """Whether it would show what this rule finds. Of a complete audit nothing is left that was not checked."""
    ran = audit.rules is None or rule in audit.rules or rule == NOT_CHECKED
    return ran and audit.status != "incomplete"
