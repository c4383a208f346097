"""From audits of one account, one after another, to since when each finding stands, what came and went, and a trend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from koding_audit.model import Finding, Measured, RunStatus
from koding_audit.verdict import NOT_CHECKED, ordered, summary

EventKind = Literal["came", "went", "fixed"]


class Track(NamedTuple):
    """What is audited: only audits of the same account, read in the same way, can be set side by side.

    source: `live`, `demo`, `snapshot`; endpoint: one that is not AWS's own, or "".
    """

    partition: str
    account: str
    source: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One audit as a history keeps it: findings without evidence and fix. rules: those that ran, None for all."""

    track: Track
    taken_at: datetime
    status: RunStatus
    rules: frozenset[str] | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding that stands, or is waived. since: the first audit from which on it was never seen to be gone.

    seen: the last audit that saw it; known: whether that is the last one. If not, no audit since could tell: what an
    incomplete one does not show is not gone, and neither is what a rule that did not run would have found.
    """

    finding: Finding
    since: datetime
    seen: datetime
    known: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """What an audit showed to have come or gone since the one before; fixed: by that run's own `--fix`."""

    at: datetime
    kind: EventKind
    finding: Finding


@dataclass(frozen=True, slots=True)
class Point:
    """One audit in a trend: its counts as in a report's `summary`, and how many findings came and went with it.

    partial: only some rules ran.
    """

    at: datetime
    status: RunStatus
    partial: bool
    counts: Mapping[str, int]
    came: int
    went: int


@dataclass(frozen=True, slots=True)
class History:
    """What is known of one account.

    audits: how many there were; last: the last of them; standing: the worst first; events and series: the oldest first.
    """

    track: Track
    audits: int
    last: Point
    standing: tuple[Standing, ...]
    events: tuple[Event, ...]
    series: tuple[Point, ...]


def told(audits: Iterable[Kept]) -> tuple[History, ...]:
    """The history of each account, of audits that come in the order in which the account was read."""
    tracks: dict[Track, _Telling] = {}
    for audit in audits:
        tracks.setdefault(audit.track, _Telling()).add(audit)
    return tuple(tracks[track].history(track) for track in sorted(tracks))


def measured(audit: Kept) -> Measured:
    counts = summary(audit.findings)
    standing = (counts["error"], counts["warning"], counts["note"])
    return Measured(audit.taken_at, audit.status, audit.rules is not None, *standing)


@dataclass(slots=True)
class _Telling:
    """A history while it is being made: the audits pass by one at a time, for there may be very many."""

    standing: dict[str, Standing] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    series: list[Point] = field(default_factory=list)

    def add(self, audit: Kept) -> None:
        found = [*self._seen(audit), *self._unseen(audit)]
        came = sum(each.kind == "came" for each in found)
        self.events += found
        counts, partial = summary(audit.findings), audit.rules is not None
        self.series.append(Point(audit.taken_at, audit.status, partial, counts, came, len(found) - came))

    def _seen(self, audit: Kept) -> list[Event]:
        """What came by what the audit shows, and what its own fix took away: that came too, where it was not known."""
        found: list[Event] = []
        for each in audit.findings:
            before = self.standing.pop(each.id, None)
            if before is None:
                found.append(Event(audit.taken_at, "came", each))
            if each.status == "fixed":
                found.append(Event(audit.taken_at, "fixed", each))
            else:
                since = before.since if before else audit.taken_at
                self.standing[each.id] = Standing(each, since, audit.taken_at)
        return found

    def _unseen(self, audit: Kept) -> list[Event]:
        """What went, by what the audit could have shown and does not; of the rest it is not known."""
        shown = {each.id for each in audit.findings}
        found: list[Event] = []
        for name in [name for name in self.standing if name not in shown]:
            each = self.standing[name]
            if _could_show(audit, each.finding.rule):
                del self.standing[name]
                found.append(Event(audit.taken_at, "went", each.finding))
            else:
                self.standing[name] = Standing(each.finding, each.since, each.seen, known=False)
        return found

    def history(self, track: Track) -> History:
        standing = tuple(self.standing[each.id] for each in ordered(one.finding for one in self.standing.values()))
        return History(track, len(self.series), self.series[-1], standing, tuple(self.events), tuple(self.series))


def _could_show(audit: Kept, rule: str) -> bool:
    """Whether it would show what this rule finds. Of a complete audit nothing is left that was not checked."""
    ran = audit.rules is None or rule in audit.rules or rule == NOT_CHECKED
    return ran and audit.status != "incomplete"
