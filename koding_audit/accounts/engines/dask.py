"""Audits accounts with dask.distributed, in workers on this machine or in an existing cluster.

Each worker has its own credentials and connections.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib.util
import itertools
import operator
import pickle
import queue
import re
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from koding_audit import __version__
from koding_audit.accounts import dask_workers
from koding_audit.accounts.worker_processes import (
    RERUN_HINT,
    PickledWork,
    Work,
    item_killed_workers_error,
    prepare_worker,
    workers_died_error,
)
from koding_audit.aws.endpoint import is_loopback
from koding_audit.io.text import clip_text
from koding_audit.model.errors import AccessError, AuditError, InputError

T = TypeVar("T")
R = TypeVar("R")

_CHUNK_SIZE = 8  # items per task: dask needs 6 ms of CPU per task, and the task of a dead worker is done again
_POLL_SECONDS = 0.5  # seconds between checks whether the cluster still works
_BATCH_SECONDS = 0.05  # seconds that a result waits, to be fetched together with others
_MAX_IDLE_POLLS = 120  # checks: how long a cluster may be without a worker
_JOIN_TIMEOUT = 60.0  # seconds to wait for the scheduler, and for workers
_CLOSE_TIMEOUT = 5.0  # seconds to close the connection
_ADDRESS = re.compile(r"(tls|tcp)://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")

_INSTALL_HINT = "pip install 'koding-audit[dask]'"
_SAME_VERSION_HINT = "install this version of koding-audit, with its extra `dask`, on the scheduler and each worker"
_TLS_HINT = "start it with --tls-ca-file, --tls-cert and --tls-key, for a scheduler with tls://"
_CERTIFICATES_HINT = "add --tls-ca, --tls-cert and --tls-key, or set distributed.comm.tls in dask's configuration"


@dataclass(frozen=True)
class Cluster:
    """Where the work is done: in an existing cluster, or in new processes on this machine.

    scheduler: the address of an existing cluster, `tls://HOST:PORT`; "" for processes on this machine.
    count: the number of processes on this machine; 0 for an existing cluster.
    ca, cert, key: PEM files for TLS with the scheduler; "" for those of dask's configuration.
    """

    scheduler: str = ""
    count: int = 0
    ca: str = ""
    cert: str = ""
    key: str = ""


def check_cluster(cluster: Cluster) -> None:
    """Refuse a cluster that cannot be used, or not safely, before the first request. Raises InputError."""
    for package in ("distributed", "cryptography"):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"the engine dask needs the package {package}, which is not installed", _INSTALL_HINT)
    if not cluster.scheduler:
        return
    if not _ADDRESS.fullmatch(cluster.scheduler):
        raise InputError(f"--scheduler {cluster.scheduler} is not an address", "write it as tls://HOST:PORT")
    if not _is_safe(cluster.scheduler):
        message = f"--scheduler {cluster.scheduler} needs TLS, because it is not on this machine"
        raise InputError(message, f"use tls://, and {_CERTIFICATES_HINT}")
    _import_distributed()
    _cluster_security(cluster)


def _import_distributed() -> None:
    """Import distributed with the levels of its loggers, which it sets at import, before other settings are made."""
    import dask  # noqa: PLC0415 - most runs do not need it

    with dask.config.set({"logging": dict(dask_workers.LOG_LEVELS)}):
        import distributed  # noqa: F401, PLC0415 - as above


def run_each(
    work: Work[T, R], items: Iterable[T], window: int, cluster: Cluster
) -> Generator[tuple[T, R | AuditError], None, None]:
    """Each item with its result, in the order in which they finish, or with an error instead of a result.

    window: how many items are worked on at the same time in all processes; 0 for the number of the cluster's threads.

    An item has an error if its work killed several workers, or if the cluster was lost. Raises AuditError if there is
    no cluster or a worker cannot do the work, and what the work itself raises.
    """
    import dask  # noqa: PLC0415 - most runs do not need it

    _import_distributed()
    quiet = {"distributed.admin.large-graph-warning-threshold": "1 TB"}
    own = {} if cluster.scheduler else dask_workers.DASK_SETTINGS
    with dask.config.set({**quiet, **own}), _join_cluster(cluster, window) as pool:
        yield from _Tasks(pool, _send_work(pool, work), _split_chunks(items, pool)).pairs()


# --- what runs in a worker ----------------------------------------------------------------------


def run_items(items: Sequence[Any], parcel: PickledWork) -> list[Any]:
    """A task: the results for some items. Raises InputError if the worker has another version."""
    work = parcel.unpickle()
    return [work(item) for item in items]


# --- the cluster --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _WorkerPool:
    """The workers of a cluster.

    client: the dask client.
    window: how many items may be worked on at the same time.
    threads: the threads of all workers together.
    has_ended: whether the cluster has ended and no worker will join it.
    """

    client: Any
    window: int
    threads: int
    has_ended: Callable[[], bool]

    @property
    def task_limit(self) -> int:
        """How many unfinished tasks may be sent: enough that no thread waits for its next one."""
        return self.window if self.threads > self.window else self.threads + (self.threads + 1) // 2


@contextlib.contextmanager
def _join_cluster(cluster: Cluster, window: int) -> Iterator[_WorkerPool]:
    """The connected workers of a cluster. Raises AuditError."""
    with contextlib.ExitStack() as stack:
        has_ended: Callable[[], bool] = bool
        if cluster.scheduler:
            client = stack.enter_context(
                _connect_client(cluster.scheduler, _cluster_security(cluster), cluster.scheduler)
            )
        else:
            count = min(cluster.count, window)
            here, processes = stack.enter_context(dask_workers.local_cluster(count, -(-window // count)))
            client = stack.enter_context(_connect_client(here, here.security, "of this run"))
            has_ended = processes.has_ended
        threads = sum(_wait_for_workers(client, cluster.count or 1, has_ended).values())
        yield _WorkerPool(client, window or threads, threads, has_ended)


@contextlib.contextmanager
def _connect_client(where: Any, security: Any, name: str) -> Iterator[Any]:
    from distributed import Client  # noqa: PLC0415 - late, as in run_each

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about different versions: ours is checked later, and dask's may differ
            client = Client(where, security=security, timeout=_JOIN_TIMEOUT, set_as_default=False, name="koding-audit")
    except (OSError, TimeoutError, asyncio.TimeoutError) as error:
        hint = "check its address, the network and the certificates: each side must trust the other's"
        raise AccessError(f"could not connect to the scheduler {name}: {_error_text(error)}", hint) from error
    try:
        yield client
    finally:
        with contextlib.suppress(OSError, TimeoutError, asyncio.TimeoutError):
            client.close(timeout=_CLOSE_TIMEOUT)


def _wait_for_workers(client: Any, wanted: int, has_ended: Callable[[], bool]) -> dict[str, int]:
    """The number of threads of each worker, by its address, when the wanted number has joined or after a minute.

    Raises AuditError if there is no worker, or one without TLS on another machine.
    """
    for _ in range(round(_JOIN_TIMEOUT / _POLL_SECONDS)):
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            client.wait_for_workers(wanted, timeout=_POLL_SECONDS)
            break
        if has_ended():
            break
    found: dict[str, int] = client.nthreads()
    if not found:
        raise AccessError("the cluster has no worker", "start `dask worker` for its scheduler")
    for address in found:
        if not _is_safe(address):
            raise InputError(f"worker {address} is on another machine and does not use TLS", _TLS_HINT)
    return found


def _is_safe(address: str) -> bool:
    """Whether a connection to the address is encrypted or stays on this machine."""
    found = _ADDRESS.fullmatch(address)
    return found is not None and (found[1] == "tls" or is_loopback(found[2].strip("[]")))


def _cluster_security(cluster: Cluster) -> Any:
    """The TLS settings for the scheduler. Raises InputError."""
    from distributed import Security  # noqa: PLC0415 - late, as in run_each

    files = {"tls_ca_file": cluster.ca, "tls_client_cert": cluster.cert, "tls_client_key": cluster.key}
    used = {name: path for name, path in files.items() if path}
    if not cluster.scheduler.startswith("tls:"):
        return Security(**used)
    try:
        security = Security(require_encryption=True, **used)
        has_certificates = security.get_connection_args("client")["ssl_context"]
    except (OSError, ValueError) as error:
        raise InputError(
            f"the certificates for the scheduler cannot be used: {_error_text(error)}", _CERTIFICATES_HINT
        ) from error
    if not has_certificates:
        raise InputError(f"--scheduler {cluster.scheduler} has no certificates", _CERTIFICATES_HINT)
    return security


def _send_work(pool: _WorkerPool, work: Any) -> Any:
    """Send the work to the cluster and prepare each worker. Raises AuditError if a worker cannot do the work."""
    from distributed import wait  # noqa: PLC0415 - late, as in run_each

    # A task makes the work, because dask repeats a task whose worker died; data that is sent there would be lost.
    parcel = pool.client.submit(PickledWork, __version__, pickle.dumps(work), pure=False)
    answers = {
        address: pool.client.submit(prepare_worker, parcel, workers=[address], pure=False)
        for address in pool.client.nthreads()
    }
    # A worker may have died in the meantime.
    with pool.client.as_current(), contextlib.suppress(TimeoutError, asyncio.TimeoutError):
        wait(list(answers.values()), timeout=_JOIN_TIMEOUT)
    for address, answer in answers.items():
        if answer.status == "error":
            raise InputError(
                f"worker {address} cannot do the work: {_error_text(answer.exception())}", _SAME_VERSION_HINT
            )
        message, hint = answer.result() if answer.status == "finished" else ("", "")
        if message:
            raise AccessError(f"worker {address}: {message}", hint)
    if not any(each.status == "finished" for each in answers.values()):
        raise AccessError("no worker of the cluster answers", "check its workers")
    return parcel


def _error_text(error: BaseException | None) -> str:
    text = str(error).partition("\n")[0]
    return clip_text(f"{type(error).__name__}: {text}" if text else type(error).__name__, 300)


# --- the tasks ----------------------------------------------------------------------------------


class _ClusterLostError(AccessError):
    """The cluster has no scheduler or no worker any more."""


def _split_chunks(items: Iterable[T], pool: _WorkerPool) -> Iterator[list[T]]:
    """The items in chunks, one per task; small chunks if there are few items, so that each thread has work."""
    per_thread = operator.length_hint(items, _CHUNK_SIZE << 20) // (2 * min(pool.threads, pool.window))
    rest, size = iter(items), max(1, min(_CHUNK_SIZE, per_thread))
    while chunk := list(itertools.islice(rest, size)):
        yield chunk


@dataclass
class _Tasks(Generic[T]):
    """The tasks of a run.

    pool: the workers.
    parcel: the future of the work.
    chunks: the items that are not sent yet.
    chunks_by_future: the items of each unfinished task.
    ended_futures: the tasks that ended and whose results are not fetched yet.
    idle_polls: how many checks in a row found no worker.
    """

    pool: _WorkerPool
    parcel: Any
    chunks: Iterator[list[T]]
    chunks_by_future: dict[Any, list[T]] = field(default_factory=dict)
    ended_futures: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    idle_polls: int = 0

    def pairs(self) -> Iterator[tuple[T, Any]]:
        """Each item, with its result or with an error."""
        try:
            while self._send_tasks():
                ended = self._wait_for_ended()
                found = self._fetch_results(ended)
                for future in ended:
                    future.release()  # at once: dask does not repeat a released task when a worker dies
                for chunk, results in zip(map(self.chunks_by_future.pop, ended), found, strict=True):
                    yield from self._accept_results(chunk, results)
        except _ClusterLostError as lost:
            for chunk in itertools.chain(self.chunks_by_future.values(), self.chunks):
                yield from ((item, lost) for item in chunk)

    def _send_tasks(self) -> bool:
        """Send tasks up to the limit, several at once; whether there are unfinished tasks. Raises _ClusterLostError."""
        self._check_alive()
        room = self.pool.task_limit - len(self.chunks_by_future)
        if not self.chunks_by_future or 2 * room >= self.pool.task_limit:
            chunks = list(itertools.islice(self.chunks, room))
            futures = self.pool.client.map(run_items, chunks, parcel=self.parcel, pure=False) if chunks else []
            for future, chunk in zip(futures, chunks, strict=True):
                self.chunks_by_future[future] = chunk
                future.add_done_callback(self.ended_futures.put)
        return bool(self.chunks_by_future)

    def _wait_for_ended(self) -> list[Any]:
        """The tasks that have ended, also with an error; [] after some time without any."""
        found: list[Any] = []
        with contextlib.suppress(queue.Empty):
            while 2 * len(found) < self.pool.task_limit and len(found) < len(self.chunks_by_future):
                found.append(self.ended_futures.get(timeout=_BATCH_SECONDS if found else _POLL_SECONDS))
        if not found:
            with contextlib.suppress(OSError, TimeoutError):  # _check_alive decides what that means
                self.idle_polls = 0 if self.pool.client.nthreads() else self.idle_polls + 1
        return found

    def _check_alive(self) -> None:
        """Check that the cluster still works. Raises _ClusterLostError."""
        if self.pool.client.status != "running":
            raise _ClusterLostError("not audited: the scheduler of the cluster has ended", RERUN_HINT)
        if self.pool.has_ended():
            lost = workers_died_error()
            raise _ClusterLostError(lost.message, lost.hint)
        if self.idle_polls > _MAX_IDLE_POLLS:
            raise _ClusterLostError("not audited: the cluster has no worker any more", RERUN_HINT)

    def _fetch_results(self, futures: Sequence[Any]) -> list[Any]:
        """The results of each task, or the exception that it ended with. Raises _ClusterLostError."""
        if not futures:
            return []
        gathering = asyncio.run_coroutine_threadsafe(
            _gather_results(self.pool.client, futures), self.pool.client.loop.asyncio_loop
        )
        while not gathering.done():
            self._check_alive()  # if a worker died with results, dask repeats its tasks
            concurrent.futures.wait([gathering], timeout=_POLL_SECONDS)
        found = gathering.result()
        return [each.exception() if each.status != "finished" else found[at] for at, each in enumerate(futures)]

    def _accept_results(self, items: list[T], found: Any) -> Iterator[tuple[T, Any]]:
        """The results of a task. If it killed workers, its items are sent again one by one, to find the cause."""
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415 - late, as in run_each

        if not isinstance(found, BaseException):
            yield from zip(items, found, strict=True)
        elif isinstance(found, KilledWorker) and len(items) > 1:
            self.chunks = itertools.chain([[item] for item in items], self.chunks)
        elif isinstance(found, KilledWorker):
            yield items[0], item_killed_workers_error()
        elif isinstance(found, CancelledError):
            yield from (
                (item, AccessError("not audited: the cluster has cancelled the task", RERUN_HINT)) for item in items
            )
        elif isinstance(found, (AuditError, ImportError)):
            why = AccessError(
                f"a worker that joined later cannot do the work: {_error_text(found)}", _SAME_VERSION_HINT
            )
            yield from ((item, why) for item in items)
        else:
            raise found


async def _gather_results(client: Any, futures: Sequence[Any]) -> Any:
    """The result of each future by its index; not valid for a future that failed."""
    return await client.gather(dict(enumerate(futures)), errors="skip", asynchronous=True)
