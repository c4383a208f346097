"""Where the accounts of a run are audited: in threads of this process, or by the workers of a cluster."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from typing import TYPE_CHECKING

from koding_audit.accounts.engines import threads
from koding_audit.accounts.options import EngineOptions
from koding_audit.accounts.worker import AccountJobs, AccountWork, failed_report
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.report import Report

if TYPE_CHECKING:
    from koding_audit.accounts.engines.dask import Cluster

_DEFAULT_PARALLEL = 16
_MAX_THREADS = 99  # of one process


def check_engine_options(options: EngineOptions, *, writes: bool) -> None:
    """Refuse what does not go together, and a cluster that cannot be used, before anything is asked. Raises
    InputError.

    writes: whether the run is to write to IAM.
    """
    tls = {"--tls-ca": options.tls_ca, "--tls-cert": options.tls_cert, "--tls-key": options.tls_key}
    of_dask = {**tls, "--workers": options.workers, "--scheduler": options.scheduler}
    named = [flag for flag, value in of_dask.items() if value]
    if _engine_name(options) == "threads":
        if named:
            raise InputError(f"{named[0]} is about workers of dask", "add --engine dask")
        if (options.parallel or 0) > _MAX_THREADS:
            raise InputError(f"--parallel: one process has {_MAX_THREADS} at most at once", "use --engine dask")
        return
    if writes:
        raise InputError("--fix writes from this process alone", "leave --engine and --scheduler out")
    if options.scheduler and options.workers:
        raise InputError("--workers are processes of this machine, and --scheduler has its own", "leave one out")
    alone = [flag for flag in named if flag in tls]
    if alone and not options.scheduler:
        raise InputError(f"{alone[0]} is about --scheduler", "leave it out: local workers have their own keys")
    from koding_audit.accounts.engines import dask  # noqa: PLC0415 - most runs are in threads

    dask.check_cluster(_make_cluster(options))


def run_concurrently(
    work: AccountWork, members: AccountJobs, options: EngineOptions
) -> Generator[tuple[str, Report], None, None]:
    """The id of each account with its report, as they come. Raises AuditError where the engine cannot begin."""
    if _engine_name(options) == "threads":
        for member, report in threads.run_each(work, members, options.parallel or _DEFAULT_PARALLEL):
            yield member.account.account_id, report
    elif len(members):  # for nothing nobody has to be there
        from koding_audit.accounts.engines import dask  # noqa: PLC0415 - as above

        window = options.parallel or (0 if options.scheduler else max(_DEFAULT_PARALLEL, _process_count(options)))
        with contextlib.closing(dask.run_each(work, members, window, _make_cluster(options))) as pairs:
            for member, found in pairs:
                report = failed_report(member.account, found) if isinstance(found, AuditError) else found
                yield member.account.account_id, report


def _engine_name(options: EngineOptions) -> str:
    return options.engine or ("dask" if options.scheduler else "threads")


def _make_cluster(options: EngineOptions) -> Cluster:
    from koding_audit.accounts.engines import dask  # noqa: PLC0415 - as above

    count = 0 if options.scheduler else _process_count(options)
    return dask.Cluster(options.scheduler, count, options.tls_ca, options.tls_cert, options.tls_key)


def _process_count(options: EngineOptions) -> int:
    """How many processes: one for each processor that this one may use, where nothing is said."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return options.workers or usable or 2
