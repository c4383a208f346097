"""Audits accounts at the same time, in threads of this process or in the workers of a cluster."""

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
    """Refuse options that exclude each other and a cluster that cannot be used, before the first request.

    writes: whether the run may write to IAM.

    Raises InputError.
    """
    tls = {"--tls-ca": options.tls_ca, "--tls-cert": options.tls_cert, "--tls-key": options.tls_key}
    dask_options = {**tls, "--workers": options.workers, "--scheduler": options.scheduler}
    used = [flag for flag, value in dask_options.items() if value]
    if _engine_name(options) == "threads":
        if used:
            raise InputError(f"{used[0]} needs --engine dask", "add --engine dask")
        if (options.parallel or 0) > _MAX_THREADS:
            raise InputError(
                f"--parallel: one process can audit {_MAX_THREADS} accounts at the same time", "use --engine dask"
            )
        return
    if writes:
        raise InputError("--fix writes from this process only", "omit --engine and --scheduler")
    if options.scheduler and options.workers:
        raise InputError("--workers starts processes on this machine, but --scheduler has its own", "omit one of them")
    tls_only = [flag for flag in used if flag in tls]
    if tls_only and not options.scheduler:
        raise InputError(f"{tls_only[0]} needs --scheduler", f"omit {tls_only[0]}: local workers have their own keys")
    from koding_audit.accounts.engines import dask  # noqa: PLC0415 - most runs use threads

    dask.check_cluster(_make_cluster(options))


def run_concurrently(
    work: AccountWork, jobs: AccountJobs, options: EngineOptions
) -> Generator[tuple[str, Report], None, None]:
    """The id of each account with its report, as they finish. Raises AuditError if the engine cannot start."""
    if _engine_name(options) == "threads":
        for job, report in threads.run_each(work, jobs, options.parallel or _DEFAULT_PARALLEL):
            yield job.account.account_id, report
    elif len(jobs):  # without accounts, no cluster is needed
        from koding_audit.accounts.engines import dask  # noqa: PLC0415 - as above

        window = options.parallel or (0 if options.scheduler else max(_DEFAULT_PARALLEL, _process_count(options)))
        with contextlib.closing(dask.run_each(work, jobs, window, _make_cluster(options))) as pairs:
            for job, found in pairs:
                report = failed_report(job.account, found) if isinstance(found, AuditError) else found
                yield job.account.account_id, report


def _engine_name(options: EngineOptions) -> str:
    return options.engine or ("dask" if options.scheduler else "threads")


def _make_cluster(options: EngineOptions) -> Cluster:
    from koding_audit.accounts.engines import dask  # noqa: PLC0415 - as above

    count = 0 if options.scheduler else _process_count(options)
    return dask.Cluster(options.scheduler, count, options.tls_ca, options.tls_cert, options.tls_key)


def _process_count(options: EngineOptions) -> int:
    """How many processes to start; by default one per processor that this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return options.workers or usable or 2
