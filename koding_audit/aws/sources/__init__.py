"""Sources of an account: each module reads one kind of source into a Snapshot.

The module's name is the option's: `--source NAME[:ARGUMENT]`. It has `TRAITS`, which say what other packages need to
know about it, and a context manager `open_source(argument, settings)`, which returns an AccountSource and raises
InputError or AccessError if the source is not usable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from koding_audit.model.account import Account, Caller
from koding_audit.model.frozen import dataclass
from koding_audit.model.query import Query
from koding_audit.model.snapshot import Snapshot

if TYPE_CHECKING:
    from koding_audit.aws.connection import Connection


@dataclass(frozen=True, slots=True)
class AccountSource:
    """An open source.

    identity: returns the account and the caller, None if a file does not say who the caller was
    collect: reads what a query requires
    connection: for writes, None for a source that cannot be written
    start: starts to read a query before the account is known, and returns a function to use instead of `collect`; the
        query need not name policies. None for a source that gains no time by it
    """

    identity: Callable[[], tuple[Account, Caller | None]]
    collect: Callable[[Query], Snapshot]
    connection: Connection | None
    start: Callable[[Query], Callable[[Query], Snapshot]] | None = None
