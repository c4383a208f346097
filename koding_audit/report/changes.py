"""Compares a report with the one before it: which findings are new, gone, waived or unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from koding_audit.model.account import Account
from koding_audit.model.finding import SEVERITIES, Finding
from koding_audit.model.frozen import dataclass
from koding_audit.model.report import Audit, Report, RunStatus
from koding_audit.report.scope import could_show
from koding_audit.report.status import audit_status, is_unresolved, report_status, sort_findings

_AccountKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """The changes of one account; each list has the most severe findings first.

    account: the account
    taken_at: when the account was read, None if it was not audited
    status: of this audit
    unresolved: how many findings are open
    new: open, and before absent, less severe, or known from a baseline
    gone: open before, and now fixed or absent from a complete audit that could show it
    waived: open before, and waived now
    unknown: open before, and absent from an audit that could not show it
    is_stale: whether this audit is no newer than the one before
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
        """Whether any list has a finding."""
        return bool(self.new or self.gone or self.waived or self.unknown)


@dataclass(frozen=True, slots=True)
class ReportChanges:
    """The changes of a run.

    status: of the run
    errors: of the run itself
    has_previous: whether there was a report before
    accounts: the changes of each account
    """

    status: RunStatus
    errors: tuple[str, ...]
    has_previous: bool
    accounts: tuple[AccountChanges, ...]

    @property
    def is_worth_sending(self) -> bool:
        """Whether a receiver needs a message: there are changes, or an audit is incomplete or stale."""
        return self.status == "incomplete" or any(each.has_changes or each.is_stale for each in self.accounts)


def compare_reports(report: Report, before: Report | None) -> ReportChanges:
    """Returns the changes of a report. before: the last report that was sent; if None, every open finding is new."""
    previous: Sequence[Audit] = before.audits if before else ()
    last, now = _index_accounts(previous), _index_accounts(report.audits)
    accounts = [
        _account_changes(report.audits[index], previous[last[key]] if key in last else None, report)
        for key, index in now.items()
    ]
    accounts += [_unaudited_account(previous[index]) for key, index in last.items() if key not in now]
    errors = tuple(each.message for each in report.errors)
    status = "incomplete" if any(each.taken_at is None for each in accounts) else report_status(report)
    return ReportChanges(status, errors, before is not None, tuple(accounts))


def _index_accounts(audits: Iterable[Audit]) -> dict[_AccountKey, int]:
    """Returns the index of each account's audit."""
    return {(each.account.partition, each.account.id): index for index, each in enumerate(audits)}


def _account_changes(audit: Audit, last: Audit | None, report: Report) -> AccountChanges:
    before = _unresolved_by_id(last.findings) if last else {}
    now = {each.id: each for each in audit.findings}
    status = audit_status(audit, report.fail_on)
    absent = [each for each in before.values() if each.id not in now]
    gone = [each for each in absent if last and status != "incomplete" and could_show(audit, last, each.rule)]
    return AccountChanges(
        account=audit.account,
        taken_at=audit.taken_at,
        status=status,
        unresolved=sum(map(is_unresolved, audit.findings)),
        new=_sorted_findings(
            each for each in audit.findings if is_unresolved(each) and _is_new(each, before.get(each.id))
        ),
        gone=_sorted_findings(
            [
                *gone,
                *(each for name, each in before.items() if name in now and now[name].status == "fixed"),
            ]
        ),
        waived=_sorted_findings(now[name] for name in before if name in now and now[name].status == "waived"),
        unknown=_sorted_findings(each for each in absent if each not in gone),
        is_stale=last is not None and audit.taken_at <= last.taken_at,
    )


def _unaudited_account(last: Audit) -> AccountChanges:
    """Returns the changes of an account that only the report before has."""
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
