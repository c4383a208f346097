"""Audits one account of a run over many, in this process or in a worker process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import AccountSource
from koding_audit.aws.sources.live import collect_snapshot
from koding_audit.desired.targets import TargetAccount, restrict_to_targets
from koding_audit.model.account import Account
from koding_audit.model.desired import Desired
from koding_audit.model.errors import AuditError, CallError
from koding_audit.model.frozen import replace
from koding_audit.model.report import Problem, Report
from koding_audit.remediation.account import scan_and_fix
from koding_audit.remediation.options import WriteOptions
from koding_audit.scan.run import Run
from koding_audit.scan.session import identity_error

if TYPE_CHECKING:
    from koding_audit.scan.baseline import SavedBaseline


class ProcessCredentials:
    """The connection with the credentials of this process; it is opened at the first use and stays open.

    The pickle has the settings only: a worker process finds its own credentials with them.
    """

    def __init__(self, settings: Settings, connection: Connection | None = None) -> None:
        self._settings = settings
        self._connection = connection
        self._context: AbstractContextManager[Connection] | None = None
        self._lock = Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return ProcessCredentials, (self._settings,)

    def open_connection(self) -> Connection:
        """The one connection of this process. Raises AuditError."""
        with self._lock:
            if self._connection is None:
                self._context = connect(self._settings, can_prompt=False)
                self._connection = self._context.__enter__()
            return self._connection


@dataclass(frozen=True)
class AccountJob:
    """One account to audit.

    account: the account.
    baseline: the baseline of this account; None if there is none, so that all findings are new.
    """

    account: TargetAccount
    baseline: SavedBaseline | None


@dataclass(frozen=True)
class AccountJobs:
    """The jobs of a run, each made when it is its turn: the baseline of all accounts is never in memory.

    accounts: the accounts.
    baseline: the baseline of the run; None if there is none.
    partition: the AWS partition of the accounts.
    """

    accounts: Sequence[TargetAccount]
    baseline: SavedBaseline | None
    partition: str

    def __len__(self) -> int:
        return len(self.accounts)

    def __iter__(self) -> Iterator[AccountJob]:
        return map(self._make_job, self.accounts)

    def _make_job(self, account: TargetAccount) -> AccountJob:
        if self.baseline is None or account.account_id not in self.baseline.accounts:
            return AccountJob(account, None)
        return AccountJob(account, self.baseline.for_account(Account(account.account_id, self.partition)))


@dataclass(frozen=True)
class AccountWork:
    """The work for each job. It can be pickled, and contains no credentials."""

    run: Run
    """The run, without its baseline."""
    desired: Desired
    credentials: ProcessCredentials
    partition: str
    writes: WriteOptions | None = None
    """What may be written; None if the accounts are only read."""

    def prepare(self) -> None:
        """Check that this process has credentials that AWS accepts. Raises AuditError."""
        try:
            self.credentials.open_connection().identity()
        except CallError as error:
            raise identity_error(error) from error

    def __call__(self, job: AccountJob) -> Report:
        """The report of one account; an error of the account is an error of the report."""
        account = job.account
        desired = replace(restrict_to_targets(self.desired, account.targets), targets={})
        role = f"arn:{self.partition}:iam::{account.account_id}:role/{account.role}"
        try:
            own = self.credentials.open_connection().assume_role(role, account.external_id)
            source = AccountSource(own.identity, partial(collect_snapshot, connection=own), own)
            report = scan_and_fix(replace(self.run, baseline=job.baseline), source, desired, self.writes)
        except AuditError as error:
            return failed_report(account, error)
        return replace(report, errors=tuple(_prefix_account(account, each) for each in report.errors))


def failed_report(account: TargetAccount, error: AuditError) -> Report:
    """The report of an account that could not be audited."""
    return Report((), errors=(_prefix_account(account, Problem.from_error(error)),))


def _prefix_account(account: TargetAccount, problem: Problem) -> Problem:
    return replace(problem, message=f"account {account.account_id}: {problem.message}")
