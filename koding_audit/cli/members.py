"""One account of a run over many, in whichever process it is entered: what is sent there, and what is done there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from koding_audit.aws import Connection, connect
from koding_audit.cli.scanning import Run, scanned_and_fixed
from koding_audit.cli.sources import unidentified
from koding_audit.collect import Opened
from koding_audit.collect.live import collect
from koding_audit.errors import AuditError, CallError
from koding_audit.frozen import replace
from koding_audit.model import Account, Desired, Problem, Report, Settings
from koding_audit.targets import Reached, within

if TYPE_CHECKING:
    from koding_audit.cli.comparing import Saved


class Credentials:
    """The connection of this process's own credentials, opened when it is first asked for, and kept.

    Pickled, it is the settings alone: whoever gets it finds credentials of his own by them.
    """

    def __init__(self, settings: Settings, connection: Connection | None = None) -> None:
        self._settings = settings
        self._connection = connection
        self._opened: AbstractContextManager[Connection] | None = None
        self._turn = Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Credentials, (self._settings,)

    def connection(self) -> Connection:
        """The one connection of this process. Raises AuditError."""
        with self._turn:
            if self._connection is None:
                self._opened = connect(self._settings, asks=False)
                self._connection = self._opened.__enter__()
            return self._connection


@dataclass(frozen=True)
class Member:
    """An account, and what the baseline says of it; None where it says nothing: then all of it is new."""

    account: Reached
    baseline: Saved | None


@dataclass(frozen=True)
class Members:
    """So many accounts, each made a member when it is its turn: a baseline of all of them is never in memory."""

    accounts: Sequence[Reached]
    baseline: Saved | None
    partition: str

    def __len__(self) -> int:
        return len(self.accounts)

    def __iter__(self) -> Iterator[Member]:
        return map(self._member, self.accounts)

    def _member(self, account: Reached) -> Member:
        if self.baseline is None or account.account_id not in self.baseline.accounts:
            return Member(account, None)
        return Member(account, self.baseline.only(Account(account.account_id, self.partition)))


@dataclass(frozen=True)
class Work:
    """What is done for each member. It can be pickled, and holds no credentials. run: without a baseline."""

    run: Run
    desired: Desired
    credentials: Credentials
    partition: str

    def ready(self) -> None:
        """Whether this process has credentials, and AWS knows them. Raises AuditError."""
        try:
            self.credentials.connection().identity()
        except CallError as error:
            raise unidentified(error) from error

    def __call__(self, member: Member) -> Report:
        """What is said of one account, whatever happened to it."""
        account = member.account
        here = replace(within(self.desired, account.targets), targets={})
        role = f"arn:{self.partition}:iam::{account.account_id}:role/{account.role}"
        try:
            own = self.credentials.connection().assumed(role, account.external_id)
            source = Opened(own.identity, partial(collect, connection=own), own)
            report = scanned_and_fixed(replace(self.run, baseline=member.baseline), source, here)
        except AuditError as error:
            return failed(account, error)
        return replace(report, errors=tuple(_of(account, each) for each in report.errors))


def failed(account: Reached, error: AuditError) -> Report:
    """The report of an account that could not be audited."""
    return Report((), errors=(_of(account, Problem.of(error)),))


def _of(account: Reached, problem: Problem) -> Problem:
    return replace(problem, message=f"account {account.account_id}: {problem.message}")
