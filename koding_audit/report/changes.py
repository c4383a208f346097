"""What a report tells that the one before it did not: what is new, what is gone, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from koding_audit.model.account import Account
from koding_audit.model.finding import SEVERITIES, Finding
from koding_audit.model.frozen import dataclass
from koding_audit.model.report import Audit, Report, RunStatus
from koding_audit.report.status import audit_status, is_unresolved, report_status, sort_findings

_AccountKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """What is new of one account, each list with the worst first.

    new: stands, and did not, or was less severe, or was known from a baseline and is not any more;
    gone: stood, and is fixed or was not found by a complete audit;
    waived: stood, and is accepted now; unknown: stood, and an incomplete audit did not see it; standing: how many do;
    stale: the audit is no newer than the one before; taken_at None: this account was not audited.
    """

    account: Account
    taken_at: datetime | None
    status: RunStatus
    unresolved: int
    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    waived: tuple[Finding, ...] = ()
    unknown: tuple[Finding, ...] = ()
    is_stale: bool = False

    @property
    def has_changes(self) -> bool:
        return bool(self.new or self.gone or self.waived or self.unknown)


@dataclass(frozen=True, slots=True)
class ReportChanges:
    """What is new in a run. errors: of the run itself; compared: there was a report before it."""

    status: RunStatus
    errors: tuple[str, ...]
    has_previous: bool
    accounts: tuple[AccountChanges, ...]

    @property
    def is_worth_sending(self) -> bool:
        """Whether there is something that silence would hide: also an audit that did not come to its end, or is old."""
        return self.status == "incomplete" or any(each.has_changes or each.is_stale for each in self.accounts)


def compare_reports(report: Report, before: Report | None) -> ReportChanges:
    """What to tell of a report. before: the last one that was told, None where there is none: then all that stands."""
    then: Sequence[Audit] = before.audits if before else ()
    last, now = _index_accounts(then), _index_accounts(report.audits)
    told = [
        _account_changes(report.audits[place], then[last[key]] if key in last else None, report)
        for key, place in now.items()
    ]
    told += [_unaudited_account(then[place]) for key, place in last.items() if key not in now]
    errors = tuple(each.message for each in report.errors)
    status = "incomplete" if any(each.taken_at is None for each in told) else report_status(report)
    return ReportChanges(status, errors, before is not None, tuple(told))


def _index_accounts(audits: Iterable[Audit]) -> dict[_AccountKey, int]:
    """Where the audit of each account is."""
    return {(each.account.partition, each.account.id): place for place, each in enumerate(audits)}


def _account_changes(audit: Audit, last: Audit | None, report: Report) -> AccountChanges:
    stood = _unresolved_by_id(last.findings) if last else {}
    now = {each.id: each for each in audit.findings}
    status = audit_status(audit, report.fail_on)
    left = [each for each in stood.values() if each.id not in now]
    return AccountChanges(
        account=audit.account,
        taken_at=audit.taken_at,
        status=status,
        unresolved=sum(map(is_unresolved, audit.findings)),
        new=_sorted_findings(
            each for each in audit.findings if is_unresolved(each) and _is_new(each, stood.get(each.id))
        ),
        gone=_sorted_findings(
            [
                *(left if status != "incomplete" else ()),
                *(each for name, each in stood.items() if name in now and now[name].status == "fixed"),
            ]
        ),
        waived=_sorted_findings(now[name] for name in stood if name in now and now[name].status == "waived"),
        unknown=_sorted_findings(left if status == "incomplete" else ()),
        is_stale=last is not None and audit.taken_at <= last.taken_at,
    )


def _unaudited_account(last: Audit) -> AccountChanges:
    """An account that the report before was of, and this one is not."""
    return AccountChanges(
        last.account, None, "incomplete", 0, unknown=_sorted_findings(_unresolved_by_id(last.findings).values())
    )


def _unresolved_by_id(findings: Iterable[Finding]) -> Mapping[str, Finding]:
    return {each.id: each for each in findings if is_unresolved(each)}


def _is_new(finding: Finding, before: Finding | None) -> bool:
    if before is None or (before.known and not finding.known):
        return True
    return SEVERITIES.index(finding.severity) < SEVERITIES.index(before.severity)


def _sorted_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sort_findings(findings))
