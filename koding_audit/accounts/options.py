"""The options of a run over many accounts: which accounts, and where they are audited."""

from __future__ import annotations

from dataclasses import field

from koding_audit.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Where the accounts are audited: in threads of this process, in other processes, or by dask workers."""

    engine: str = ""
    """`threads`, `processes` or `dask`; "" for dask if there is a scheduler, else by the number of accounts."""
    parallel: int | None = None
    """How many accounts are audited at the same time, in all processes; None for the default."""
    workers: int | None = None
    """How many worker processes to start on this machine; None for one per processor."""
    scheduler: str = ""
    """The address of an existing dask cluster, `tls://HOST:PORT`; "" for none."""
    tls_ca: str = ""
    """A PEM file with the trusted certificates."""
    tls_cert: str = ""
    """A PEM file with the certificate of this run."""
    tls_key: str = ""
    """A PEM file with the key of that certificate."""


@dataclass(frozen=True, slots=True)
class AccountsOptions:
    """Which accounts of the targets are audited, and how."""

    targets: tuple[str, ...] = ()
    """Names of targets; () for all."""
    shard: tuple[int, int] | None = None
    """Number I and count N: part I of N parts of the accounts; None for all accounts."""
    run: str = ""
    """The id of the run, which all its shards have; "" for a hash of what they have in common."""
    resume: str = ""
    """The checkpoint file, from which a later run continues; "" for none."""
    keep_going: bool = False
    """Whether a fix continues after an account that did not end as expected."""
    engine: EngineOptions = field(default_factory=EngineOptions)
