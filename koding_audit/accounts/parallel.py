"""Audits accounts at the same time: in threads or processes of this machine, or in the workers of a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING

from koding_audit.accounts.engines import threads
from koding_audit.accounts.options import EngineOptions
from koding_audit.accounts.processors import usable_processors
from koding_audit.accounts.worker import AccountJob, AccountJobs, AccountWork, failed_report
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import escape
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.report import Report

if TYPE_CHECKING:
    from koding_audit.accounts.engines.dask import Cluster

_DEFAULT_PARALLEL = 16
_MAX_THREADS = 99  # of one process
_MANY_ACCOUNTS = 200  # fewer are audited in about the time in which processes start
_THREADS_PER_PROCESS = 4  # at least, by default: with fewer, the processes would wait for the network


def check_engine_options(options: EngineOptions, *, writes: bool) -> None:
    """Refuse options that exclude each other and a cluster that cannot be used, before the first request.

    writes: whether the run may write to IAM.

    Raises InputError.
    """
    if writes and _named_engine(options) not in ("", "threads"):
        raise InputError("--fix writes from this process only", "omit --engine and --scheduler")
    if _named_engine(options) == "dask":
        _check_cluster_options(options)
        return
    flag = "--scheduler" if options.scheduler else _tls_option(options)
    if flag:
        raise InputError(f"{flag} needs --engine dask", "add --engine dask")
    if options.engine == "processes":
        most = _MAX_THREADS * _count_processes(options)
        if (options.parallel or 0) > most:
            raise InputError(f"--parallel: these processes can audit {most} accounts at the same time", "add --workers")
        return
    if options.workers:
        raise InputError("--workers needs --engine processes or dask", "add --engine processes")
    if (options.parallel or 0) > _MAX_THREADS:
        hint = "use --engine processes"
        raise InputError(f"--parallel: one process can audit {_MAX_THREADS} accounts at the same time", hint)


def _check_cluster_options(options: EngineOptions) -> None:
    """Refuse what does not apply to a dask cluster. Raises InputError."""
    if options.scheduler and options.workers:
        raise InputError("--workers starts processes on this machine, but --scheduler has its own", "omit one of them")
    flag = _tls_option(options)
    if flag and not options.scheduler:
        raise InputError(f"{flag} needs --scheduler", f"omit {flag}: local workers have their own keys")
    from koding_audit.accounts.engines import dask  # noqa: PLC0415 - most runs do not use it

    dask.check_cluster(_make_cluster(options))


def _tls_option(options: EngineOptions) -> str:
    """The first option for TLS with a scheduler; "" if there is none."""
    files = {"--tls-ca": options.tls_ca, "--tls-cert": options.tls_cert, "--tls-key": options.tls_key}
    return next((flag for flag, value in files.items() if value), "")


def run_concurrently(
    work: AccountWork, jobs: AccountJobs, options: EngineOptions, terminal: Terminal
) -> Generator[tuple[str, Report], None, None]:
    """The id of each account with its report, as they finish. Raises AuditError if the engine cannot start."""
    with contextlib.closing(_run_jobs(work, jobs, options, terminal)) as pairs:
        for job, found in pairs:
            report = failed_report(job.account, found) if isinstance(found, AuditError) else found
            yield job.account.account_id, report


def _run_jobs(
    work: AccountWork, jobs: AccountJobs, options: EngineOptions, terminal: Terminal
) -> Generator[tuple[AccountJob, Report | AuditError], None, None]:
    """Each job with its report, or with the error that prevented it. Raises AuditError."""
    engine, window = _named_engine(options), options.parallel or _DEFAULT_PARALLEL
    if not len(jobs):  # no process is needed
        return
    if engine == "dask":
        from koding_audit.accounts.engines import dask  # noqa: PLC0415 - as above

        window = options.parallel or (0 if options.scheduler else max(window, _count_processes(options)))
        yield from dask.run_each(work, jobs, window, _make_cluster(options))
    elif engine == "processes":
        from koding_audit.accounts.engines import processes  # noqa: PLC0415 - as above

        window = options.parallel or max(window, _count_processes(options))
        yield from processes.run_each(work, jobs, window, min(_count_processes(options), window, len(jobs)))
    elif not engine and (count := _default_processes(len(jobs), window)) > 1:
        yield from _run_in_processes_or_threads(work, jobs, window, count, terminal)
    else:
        yield from threads.run_each(work, jobs, window)


def _run_in_processes_or_threads(
    work: AccountWork, jobs: AccountJobs, window: int, count: int, terminal: Terminal
) -> Generator[tuple[AccountJob, Report | AuditError], None, None]:
    """As the engine `processes`; as `threads` if a worker process finds no credentials, such as those of an MFA code.

    count: the number of processes.
    """
    from koding_audit.accounts.engines import processes  # noqa: PLC0415 - as above

    try:
        yield from processes.run_each(work, jobs, window, count)
    except processes.ProcessesUnusableError as error:
        terminal.note(f"The accounts are audited by one process: {escape(error.message)}")
        yield from threads.run_each(work, jobs, window)


def _named_engine(options: EngineOptions) -> str:
    """The engine of the options; "" if the number of accounts decides."""
    return options.engine or ("dask" if options.scheduler else "")


def _default_processes(accounts: int, window: int) -> int:
    """How many processes are used if no engine was named; 1 for threads of this process."""
    return min(usable_processors(), window // _THREADS_PER_PROCESS) if accounts > _MANY_ACCOUNTS else 1


def _make_cluster(options: EngineOptions) -> Cluster:
    from koding_audit.accounts.engines import dask  # noqa: PLC0415 - as above

    count = 0 if options.scheduler else _count_processes(options)
    return dask.Cluster(options.scheduler, count, options.tls_ca, options.tls_cert, options.tls_key)


def _count_processes(options: EngineOptions) -> int:
    """How many processes to start; by default one per processor that this process may use."""
    return options.workers or usable_processors()
