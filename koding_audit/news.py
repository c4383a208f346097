"""What a report tells that the one before it did not: what is new, what is gone, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from koding_audit.frozen import dataclass
from koding_audit.model import SEVERITIES, Account, Audit, Finding, Report, RunStatus
from koding_audit.verdict import audit_status, ordered, stands, status_of

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class AccountNews:
    """What is new of one account, each list with the worst first.

    new: stands, and did not, or was less severe, or was known from a baseline and is not any more;
    gone: stood, and is fixed or was not found by a complete audit;
    waived: stood, and is accepted now; unknown: stood, and an incomplete audit did not see it; standing: how many do;
    stale: the audit is no newer than the one before; taken_at None: this account was not audited.
    """

    account: Account
    taken_at: datetime | None
    status: RunStatus
    standing: int
    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    waived: tuple[Finding, ...] = ()
    unknown: tuple[Finding, ...] = ()
    stale: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.new or self.gone or self.waived or self.unknown)


@dataclass(frozen=True, slots=True)
class News:
    """What is new in a run. errors: of the run itself; compared: there was a report before it."""

    status: RunStatus
    errors: tuple[str, ...]
    compared: bool
    accounts: tuple[AccountNews, ...]

    @property
    def worth_telling(self) -> bool:
        """Whether there is something that silence would hide: also an audit that did not come to its end, or is old."""
        return self.status == "incomplete" or any(each.changed or each.stale for each in self.accounts)


def news(report: Report, before: Report | None) -> News:
    """What to tell of a report. before: the last one that was told, None where there is none: then all that stands."""
    then: Sequence[Audit] = before.audits if before else ()
    last, now = _places(then), _places(report.audits)
    told = [_of(report.audits[place], then[last[key]] if key in last else None, report) for key, place in now.items()]
    told += [_not_audited(then[place]) for key, place in last.items() if key not in now]
    errors = tuple(each.message for each in report.errors)
    status = "incomplete" if any(each.taken_at is None for each in told) else status_of(report)
    return News(status, errors, before is not None, tuple(told))


def _places(audits: Iterable[Audit]) -> dict[_Key, int]:
    """Where the audit of each account is."""
    return {(each.account.partition, each.account.id): place for place, each in enumerate(audits)}


def _of(audit: Audit, last: Audit | None, report: Report) -> AccountNews:
    stood = _standing(last.findings) if last else {}
    now = {each.id: each for each in audit.findings}
    status = audit_status(audit, report.fail_on)
    left = [each for each in stood.values() if each.id not in now]
    return AccountNews(
        account=audit.account,
        taken_at=audit.taken_at,
        status=status,
        standing=sum(map(stands, audit.findings)),
        new=_sorted(each for each in audit.findings if stands(each) and _is_news(each, stood.get(each.id))),
        gone=_sorted(
            [
                *(left if status != "incomplete" else ()),
                *(each for name, each in stood.items() if name in now and now[name].status == "fixed"),
            ]
        ),
        waived=_sorted(now[name] for name in stood if name in now and now[name].status == "waived"),
        unknown=_sorted(left if status == "incomplete" else ()),
        stale=last is not None and audit.taken_at <= last.taken_at,
    )


def _not_audited(last: Audit) -> AccountNews:
    """An account that the report before was of, and this one is not."""
    return AccountNews(last.account, None, "incomplete", 0, unknown=_sorted(_standing(last.findings).values()))


def _standing(findings: Iterable[Finding]) -> Mapping[str, Finding]:
    return {each.id: each for each in findings if stands(each)}


def _is_news(finding: Finding, before: Finding | None) -> bool:
    if before is None or (before.known and not finding.known):
        return True
    return SEVERITIES.index(finding.severity) < SEVERITIES.index(before.severity)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(ordered(findings))
