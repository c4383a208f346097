"""Where the accounts of a run are audited: in threads of this process, or by the workers of a cluster."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Generator
from typing import TYPE_CHECKING

from koding_audit.cli.members import Members, Work, failed
from koding_audit.errors import AuditError, InputError
from koding_audit.fanout import threads
from koding_audit.model import Report

if TYPE_CHECKING:
    from koding_audit.fanout.dask import Cluster

_WINDOW = 16
_MOST_THREADS = 99  # of one process
_OF_A_CLUSTER = ("tls_ca", "tls_cert", "tls_key")


def check(options: argparse.Namespace) -> None:
    """Refuse what does not go together, and a cluster that cannot be used, before anything is asked. Raises
    InputError.
    """
    said = {name: getattr(options, name) for name in (*_OF_A_CLUSTER, "workers", "scheduler") if getattr(options, name)}
    if _engine(options) == "threads":
        if said:
            raise InputError(f"{_flag(next(iter(said)))} is about workers of dask", "add --engine dask")
        if (options.parallel or 0) > _MOST_THREADS:
            raise InputError(f"--parallel: one process has {_MOST_THREADS} at most at once", "use --engine dask")
        return
    if options.fix:
        raise InputError("--fix writes from this process alone", "leave --engine and --scheduler out")
    if options.scheduler and options.workers:
        raise InputError("--workers are processes of this machine, and --scheduler has its own", "leave one out")
    alone = [name for name in _OF_A_CLUSTER if name in said]
    if alone and not options.scheduler:
        raise InputError(f"{_flag(alone[0])} is about --scheduler", "leave it out: local workers have their own keys")
    from koding_audit.fanout import dask  # noqa: PLC0415 - most runs are in threads

    dask.check(_cluster(options))


def side_by_side(
    work: Work, members: Members, options: argparse.Namespace
) -> Generator[tuple[str, Report], None, None]:
    """The id of each account with its report, as they come. Raises AuditError where the engine cannot begin."""
    if _engine(options) == "threads":
        for member, report in threads.each(work, members, options.parallel or _WINDOW):
            yield member.account.account_id, report
    elif len(members):  # for nothing nobody has to be there
        from koding_audit.fanout import dask  # noqa: PLC0415 - as above

        window = options.parallel or (0 if options.scheduler else max(_WINDOW, _count(options)))
        with contextlib.closing(dask.each(work, members, window, _cluster(options))) as pairs:
            for member, found in pairs:
                report = failed(member.account, found) if isinstance(found, AuditError) else found
                yield member.account.account_id, report


def _engine(options: argparse.Namespace) -> str:
    return options.engine or ("dask" if options.scheduler else "threads")


def _cluster(options: argparse.Namespace) -> Cluster:
    from koding_audit.fanout import dask  # noqa: PLC0415 - as above

    count = 0 if options.scheduler else _count(options)
    return dask.Cluster(options.scheduler, count, options.tls_ca, options.tls_cert, options.tls_key)


def _count(options: argparse.Namespace) -> int:
    """How many processes: one for each processor that this one may use, where nothing is said."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count: int = options.workers or usable or 2
    return count


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
