"""dask.distributed: workers of this machine, or of a cluster that is there; each opens what it needs by itself."""

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
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from koding_audit import __version__
from koding_audit.accounts import worker_processes
from koding_audit.aws.endpoint import is_loopback
from koding_audit.io.text import clip_text
from koding_audit.model.errors import AccessError, AuditError, InputError

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

_CHUNK_SIZE = 8  # items of a task: dask spends 6 ms of CPU on a task, and what a dead worker was at is done again
_POLL_SECONDS = 0.5  # seconds between looks at whether there is still somebody to wait for
_BATCH_SECONDS = 0.05  # seconds that a result waits for others, to be fetched with them
_MAX_IDLE_POLLS = 120  # looks: how long a cluster may be without any worker
_JOIN_TIMEOUT = 60.0  # seconds for a scheduler to answer, and for workers to be there
_CLOSE_TIMEOUT = 5.0  # seconds for taking leave
_ADDRESS = re.compile(r"(tls|tcp)://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")

_INSTALL_HINT = "pip install 'koding-audit[dask]'"
_SAME_VERSION_HINT = "the scheduler and each worker need this version of koding-audit, with its extra `dask`"
_RERUN_HINT = "the same run again asks for it again; with --resume FILE, for nothing that was done"
_TLS_HINT = "start it with --tls-ca-file, --tls-cert and --tls-key, for a scheduler of tls://"
_CERTIFICATES_HINT = "give --tls-ca, --tls-cert and --tls-key, or set distributed.comm.tls in dask's own configuration"


class Work(Protocol[T_contra, R_co]):
    """What is done for each item: it can be pickled, holds no credentials, and is called in several threads."""

    def prepare(self) -> None:
        """Open what it needs in this process. Raises AuditError where that cannot be had here."""

    def __call__(self, item: T_contra, /) -> R_co:
        """The result for an item."""


@dataclass(frozen=True)
class Cluster:
    """Where the work is done.

    scheduler: the address of a cluster that is there, `tls://HOST:PORT`; or "", and count: so many processes of this
    machine. ca, cert, key: files of PEM for its TLS; "" for those that dask's own configuration names.
    """

    scheduler: str = ""
    count: int = 0
    ca: str = ""
    cert: str = ""
    key: str = ""


def check_cluster(cluster: Cluster) -> None:
    """Refuse a cluster that cannot be used, or not safely, before anything is asked of anybody. Raises InputError."""
    for package in ("distributed", "cryptography"):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"the engine dask needs the package {package}, which is not installed", _INSTALL_HINT)
    if not cluster.scheduler:
        return
    if not _ADDRESS.fullmatch(cluster.scheduler):
        raise InputError(f"--scheduler {cluster.scheduler}: that is no address", "as in tls://scheduler.example:8786")
    if not _is_safe(cluster.scheduler):
        message = f"--scheduler {cluster.scheduler}: one that is not of this machine needs TLS"
        raise InputError(message, f"say tls://, and {_CERTIFICATES_HINT}")
    _import_distributed()
    _cluster_security(cluster)


def _import_distributed() -> None:
    """Import distributed. Its loggers are set then, and its defaults have to be there before anything else is set."""
    import dask  # noqa: PLC0415 - most runs have no use for it

    with dask.config.set({"logging": dict(worker_processes.LOG_LEVELS)}):
        import distributed  # noqa: F401, PLC0415 - as above


def run_each(
    work: Work[T, R], items: Iterable[T], window: int, cluster: Cluster
) -> Generator[tuple[T, R | AuditError], None, None]:
    """Each item with the work's result, as they come; or with why there is none: it killed worker after worker, or
    the cluster was lost. Raises AuditError where there is no cluster, or a worker of it cannot do the work.

    window: how many are under way at once in all processes; 0 for as many as a cluster has threads. What the work
    raises is raised.
    """
    import dask  # noqa: PLC0415 - most runs have no use for it

    _import_distributed()
    quiet = {"distributed.admin.large-graph-warning-threshold": "1 TB"}
    own = {} if cluster.scheduler else worker_processes.DASK_SETTINGS
    with dask.config.set({**quiet, **own}), _join_cluster(cluster, window) as crew:
        yield from _Tasks(crew, _send_work(crew, work), _split_chunks(items, crew)).pairs()


# --- what runs in a worker ----------------------------------------------------------------------


class PickledWork:
    """The work on its way: it is taken out once in each process, by the version that has put it in."""

    def __init__(self, version: str, payload: bytes) -> None:
        self.version = version
        self.payload = payload
        self._lock = Lock()
        self._work: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return PickledWork, (self.version, self.payload)

    def unpickle(self) -> Any:
        """What is in it. Raises InputError."""
        with self._lock:
            if self.version != __version__:
                message = f"koding-audit {__version__} is there, and this run is of {self.version}"
                raise InputError(message, _SAME_VERSION_HINT)
            if self._work is None:
                self._work = pickle.loads(self.payload)  # noqa: S301 - whoever can send one may run anything here
            return self._work


def prepare_worker(parcel: PickledWork) -> tuple[str, str]:
    """A task: what keeps this worker from the work, and a hint; empty where nothing does."""
    try:
        parcel.unpickle().prepare()
    except AuditError as error:
        return error.message, error.hint
    return "", ""


def run_items(items: Sequence[Any], parcel: PickledWork) -> list[Any]:
    """A task: the results for some items. Raises InputError."""
    work = parcel.unpickle()
    return [work(item) for item in items]


# --- the cluster --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _WorkerPool:
    """Who does the work. threads: of all workers together; window: how many items may be under way at once."""

    client: Any
    window: int
    threads: int
    has_ended: Callable[[], bool]

    @property
    def task_limit(self) -> int:
        """How many tasks may be sent that are not done: enough that no thread waits for the next one."""
        return self.window if self.threads > self.window else self.threads + (self.threads + 1) // 2


@contextlib.contextmanager
def _join_cluster(cluster: Cluster, window: int) -> Iterator[_WorkerPool]:
    """The workers, ready to work. Raises AuditError."""
    with contextlib.ExitStack() as stack:
        gone: Callable[[], bool] = bool
        if cluster.scheduler:
            client = stack.enter_context(
                _connect_client(cluster.scheduler, _cluster_security(cluster), cluster.scheduler)
            )
        else:
            count = min(cluster.count, window)
            here, processes = stack.enter_context(worker_processes.local_cluster(count, -(-window // count)))
            client, gone = stack.enter_context(_connect_client(here, here.security, "of this run")), processes.has_ended
        threads = sum(_wait_for_workers(client, cluster.count or 1, gone).values())
        yield _WorkerPool(client, window or threads, threads, gone)


@contextlib.contextmanager
def _connect_client(where: Any, security: Any, name: str) -> Iterator[Any]:
    from distributed import Client  # noqa: PLC0415 - late, as in each

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that versions differ: of our own it is looked at, and dask's may
            client = Client(where, security=security, timeout=_JOIN_TIMEOUT, set_as_default=False, name="koding-audit")
    except (OSError, TimeoutError, asyncio.TimeoutError) as error:
        hint = "look at its address, the network and the certificates: each side has to trust the other's"
        raise AccessError(f"the scheduler {name} cannot be reached: {_error_text(error)}", hint) from error
    try:
        yield client
    finally:
        with contextlib.suppress(OSError, TimeoutError, asyncio.TimeoutError):
            client.close(timeout=_CLOSE_TIMEOUT)


def _wait_for_workers(client: Any, wanted: int, gone: Callable[[], bool]) -> dict[str, int]:
    """The threads of each worker by its address, when so many are there, or some after a while. Raises AuditError."""
    for _ in range(round(_JOIN_TIMEOUT / _POLL_SECONDS)):
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            client.wait_for_workers(wanted, timeout=_POLL_SECONDS)
            break
        if gone():
            break
    found: dict[str, int] = client.nthreads()
    if not found:
        raise AccessError("there is no worker in the cluster", "start `dask worker` for its scheduler")
    for address in found:
        if not _is_safe(address):
            raise InputError(f"worker {address} of the cluster is of another machine, and talks without TLS", _TLS_HINT)
    return found


def _is_safe(address: str) -> bool:
    """Whether what is said to it is encrypted, or stays on this machine."""
    found = _ADDRESS.fullmatch(address)
    return found is not None and (found[1] == "tls" or is_loopback(found[2].strip("[]")))


def _cluster_security(cluster: Cluster) -> Any:
    """The keys for a scheduler of that address. Raises InputError."""
    from distributed import Security  # noqa: PLC0415 - late, as in each

    named = {"tls_ca_file": cluster.ca, "tls_client_cert": cluster.cert, "tls_client_key": cluster.key}
    given = {name: path for name, path in named.items() if path}
    if not cluster.scheduler.startswith("tls:"):
        return Security(**given)
    try:
        security = Security(require_encryption=True, **given)
        usable = security.get_connection_args("client")["ssl_context"]
    except (OSError, ValueError) as error:
        raise InputError(
            f"the certificates for the scheduler cannot be used: {_error_text(error)}", _CERTIFICATES_HINT
        ) from error
    if not usable:
        raise InputError(f"--scheduler {cluster.scheduler}: no certificates for it are known", _CERTIFICATES_HINT)
    return security


def _send_work(crew: _WorkerPool, work: Any) -> Any:
    """The work, in the hands of every worker that is there. Raises AuditError where one of them cannot do it."""
    from distributed import wait  # noqa: PLC0415 - late, as in each

    # It is made by a task, and no data that is put there: what was with a worker that died is made again elsewhere.
    parcel = crew.client.submit(PickledWork, __version__, pickle.dumps(work), pure=False)
    asked = {
        address: crew.client.submit(prepare_worker, parcel, workers=[address], pure=False)
        for address in crew.client.nthreads()
    }
    # One may have died since.
    with crew.client.as_current(), contextlib.suppress(TimeoutError, asyncio.TimeoutError):
        wait(list(asked.values()), timeout=_JOIN_TIMEOUT)
    for address, answer in asked.items():
        if answer.status == "error":
            raise InputError(
                f"worker {address} cannot do the work: {_error_text(answer.exception())}", _SAME_VERSION_HINT
            )
        message, hint = answer.result() if answer.status == "finished" else ("", "")
        if message:
            raise AccessError(f"worker {address}: {message}", hint)
    if not any(each.status == "finished" for each in asked.values()):
        raise AccessError("no worker of the cluster answers", "look at its workers")
    return parcel


def _error_text(error: BaseException | None) -> str:
    text = str(error).partition("\n")[0]
    return clip_text(f"{type(error).__name__}: {text}" if text else type(error).__name__, 300)


# --- the tasks ----------------------------------------------------------------------------------


class _ClusterLostError(AccessError):
    """Nobody is there any more to wait for."""


def _split_chunks(items: Iterable[T], crew: _WorkerPool) -> Iterator[list[T]]:
    """The items, some for each task: fewer where there are so few that threads would have nothing to do."""
    each_has = operator.length_hint(items, _CHUNK_SIZE << 20) // (2 * min(crew.threads, crew.window))
    rest, size = iter(items), max(1, min(_CHUNK_SIZE, each_has))
    while chunk := list(itertools.islice(rest, size)):
        yield chunk


@dataclass
class _Tasks(Generic[T]):
    """What is sent and not back yet, by its future. alone: looks in a row that found no worker."""

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
                    future.release()  # now: what nobody wants any more is not made again when a worker dies
                for chunk, results in zip(map(self.chunks_by_future.pop, ended), found, strict=True):
                    yield from self._accept_results(chunk, results)
        except _ClusterLostError as lost:
            for chunk in itertools.chain(self.chunks_by_future.values(), self.chunks):
                yield from ((item, lost) for item in chunk)

    def _send_tasks(self) -> bool:
        """Fill up what is under way, some tasks at once; whether there is anything. Raises _LostError."""
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
        """Those that have ended, however they did; none after a while."""
        found: list[Any] = []
        with contextlib.suppress(queue.Empty):
            while 2 * len(found) < self.pool.task_limit and len(found) < len(self.chunks_by_future):
                found.append(self.ended_futures.get(timeout=_BATCH_SECONDS if found else _POLL_SECONDS))
        if not found:
            with contextlib.suppress(OSError, TimeoutError):  # what that means is looked at next
                self.idle_polls = 0 if self.pool.client.nthreads() else self.idle_polls + 1
        return found

    def _check_alive(self) -> None:
        """Whether it makes sense to wait. Raises _LostError."""
        if self.pool.client.status != "running":
            raise _ClusterLostError("it was not done: the scheduler of the cluster is gone", _RERUN_HINT)
        if self.pool.has_ended():
            raise _ClusterLostError("it was not done: all worker processes died, time and again", _RERUN_HINT)
        if self.idle_polls > _MAX_IDLE_POLLS:
            raise _ClusterLostError("it was not done: the cluster has no worker any more", _RERUN_HINT)

    def _fetch_results(self, futures: Sequence[Any]) -> list[Any]:
        """Of each future the results, or the exception that it ended with. Raises _LostError."""
        if not futures:
            return []
        asked = asyncio.run_coroutine_threadsafe(
            _gather_results(self.pool.client, futures), self.pool.client.loop.asyncio_loop
        )
        while not asked.done():
            self._check_alive()  # a worker may have died with what it had, and it is made again
            concurrent.futures.wait([asked], timeout=_POLL_SECONDS)
        found = asked.result()
        return [each.exception() if each.status != "finished" else found[at] for at, each in enumerate(futures)]

    def _accept_results(self, items: list[T], found: Any) -> Iterator[tuple[T, Any]]:
        """The results of a task. Of one that killed workers each item goes alone once more: it may be one of them."""
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415 - late, as in each

        if not isinstance(found, BaseException):
            yield from zip(items, found, strict=True)
        elif isinstance(found, KilledWorker) and len(items) > 1:
            self.chunks = itertools.chain([[item] for item in items], self.chunks)
        elif isinstance(found, KilledWorker):
            yield items[0], AccessError("the work on it killed one worker after another", "look at their memory")
        elif isinstance(found, CancelledError):
            yield from (
                (item, AccessError("it was not done: the cluster has dropped it", _RERUN_HINT)) for item in items
            )
        elif isinstance(found, (AuditError, ImportError)):
            why = AccessError(f"a worker that has joined cannot do the work: {_error_text(found)}", _SAME_VERSION_HINT)
            yield from ((item, why) for item in items)
        else:
            raise found


async def _gather_results(client: Any, futures: Sequence[Any]) -> Any:
    """By the place of each, what it gave; of no use for one that failed."""
    return await client.gather(dict(enumerate(futures)), errors="skip", asynchronous=True)
