"""What a run over many accounts is asked for, as values: which of them, and where they are audited."""

from __future__ import annotations

from dataclasses import field

from koding_audit.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Where the accounts are audited: in threads of this process, or by workers of dask."""

    engine: str = ""
    """`threads` or `dask`; "" for dask where a scheduler is named, and for threads otherwise."""
    parallel: int | None = None
    """How many accounts are under way at once, in all."""
    workers: int | None = None
    """How many worker processes of this machine dask gets; None for one a processor."""
    scheduler: str = ""
    """The address of a dask cluster that is there, `tls://HOST:PORT`."""
    tls_ca: str = ""
    """A file of PEM with the certificates that are trusted."""
    tls_cert: str = ""
    """A file of PEM with our certificate."""
    tls_key: str = ""
    """A file of PEM with its key."""


@dataclass(frozen=True, slots=True)
class AccountsOptions:
    """Which accounts of the targets are audited, and how."""

    targets: tuple[str, ...] = ()
    """Names of targets; none for all."""
    shard: tuple[int, int] | None = None
    """Part I of N equal parts of the accounts."""
    resume: str = ""
    """The file that keeps what was found in each account, for a run that goes on after this one died."""
    keep_going: bool = False
    """Whether a fix goes on after an account that did not end as expected."""
    engine: EngineOptions = field(default_factory=EngineOptions)
