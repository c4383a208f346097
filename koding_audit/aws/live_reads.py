"""Parallel reads of a live account, and the gaps of those that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Generic, TypeVar

from koding_audit.aws.call import ACCESS_DENIED, MALFORMED, NO_SUCH_ENTITY
from koding_audit.aws.connection import Connection
from koding_audit.model.errors import CallError
from koding_audit.model.query import Fact, Gap

T = TypeVar("T")


class PendingRead(Generic[T]):
    """A read that runs in a thread.

    fact, subject: what it reads about whom
    future: its result
    call: the API call, for example `iam:GetUser`
    """

    def __init__(self, fact: Fact, subject: str, future: Future[T], call: str) -> None:
        self.fact, self.subject, self.future, self.call = fact, subject, future, call


class ReadTracker:
    """Starts reads of one account and collects the gaps of those that fail."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.gaps: list[Gap] = []

    def submit_read(self, fact: Fact, operation: str, function: Callable[[], T], subject: str = "") -> PendingRead[T]:
        """Starts a read. operation: of IAM, without the service's name."""
        return PendingRead(fact, subject, self.connection.submit(function), f"iam:{operation}")

    def result_or_gap(self, pending: PendingRead[T], *, gone: bool = False, also: Iterable[Fact] = ()) -> T | None:
        """Returns the result of a read; if it fails, records a gap and returns None.

        gone: the principal does not exist, so NoSuchEntity is not a gap
        also: other facts that need the read; a failure is a gap of each of them too
        """
        try:
            return self.connection.result(pending.future, pending.call)
        except CallError as error:
            if not (gone and error.code == NO_SUCH_ENTITY):
                for fact in (pending.fact, *also):
                    self.record_gap(fact, error, pending.subject)
            return None

    def record_gap(self, fact: Fact, error: CallError, subject: str = "") -> None:
        """Records that a fact could not be read."""
        self.gaps.append(Gap(fact, error.call, failure_reason(error), subject, missing_permission(error)))


def failure_reason(error: CallError) -> str:
    """Returns why a read failed, as a gap shows it."""
    # The detail of a malformed reply is this tool's own text; other details are AWS's, and may contain anything.
    detail = error.detail if error.code == MALFORMED else error.cause
    return f"{error.code}: {detail}" if detail else error.code


def missing_permission(error: CallError) -> str:
    """Returns the permission to grant if that fixes a failed read, "" if not."""
    return error.call if error.code in ACCESS_DENIED else ""
