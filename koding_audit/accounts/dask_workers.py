"""Dask worker processes on this machine: they use TLS with keys of this run only, and end with the run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from koding_audit.accounts.worker_processes import KILL_TIMEOUT, MAX_STARTS, start_worker

LOOPBACK = "127.0.0.1"

# For the scheduler and the workers. Nothing is served over HTTP, which each user of the machine could read, and no CPU
# time is used for statistics.
DASK_SETTINGS: Mapping[str, Any] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.preload": [],
    "distributed.scheduler.preload": [],
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.allowed-failures": 2,
}

_QUIET_LOGGERS = ("distributed", "distributed.client", "distributed.gc", "distributed.worker", "tornado", "asyncio")
LOG_LEVELS: Mapping[str, str] = dict.fromkeys((*_QUIET_LOGGERS, "tornado.application", "tornado.general"), "critical")
"""Levels of loggers: this tool reports an error itself, once."""


@dataclass
class WorkerProcesses:
    """The processes, each started again when it dies.

    config: the configuration that each process reads from its standard input, as a line of JSON.
    """

    config: bytes
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _processes: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _supervisors: list[threading.Thread] = field(default_factory=list)
    _stopped: bool = False

    def start(self, count: int) -> None:
        """Start this number of processes and supervise them."""
        for _ in range(count):
            self._supervisors.append(threading.Thread(target=self._supervise, daemon=True))
            self._supervisors[-1].start()

    def has_ended(self) -> bool:
        """Whether all processes have ended and none will be started again."""
        return not any(each.is_alive() for each in self._supervisors)

    def stop(self) -> None:
        """Kill the processes: their results are not needed any more."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.kill()
        for each in self._supervisors:
            each.join(KILL_TIMEOUT)

    def _supervise(self) -> None:
        with contextlib.suppress(OSError):  # the system has no room for another process
            for _ in range(MAX_STARTS):
                process = self._start_process()
                if process is None:
                    return
                with process:
                    self._send_config(process)
                    process.wait()
                with self._lock:
                    self._processes.discard(process)

    def _send_config(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(self.config)
                process.stdin.flush()

    def _start_process(self) -> subprocess.Popen[bytes] | None:
        """Start a process, unless they are stopped. Raises OSError."""
        with self._lock:
            if self._stopped:
                return None
            process = start_worker(serve_dask_worker, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self._processes.add(process)
            return process


@contextlib.contextmanager
def local_cluster(count: int, threads: int) -> Iterator[tuple[Any, WorkerProcesses]]:
    """A dask cluster with its scheduler in this process, and its worker processes.

    count: the number of worker processes.
    threads: the number of threads of each.
    """
    import dask  # noqa: PLC0415 - takes 0.5 s, and few runs need it
    from distributed import LocalCluster, Security  # noqa: PLC0415 - as above

    security = Security.temporary()
    folder = tempfile.mkdtemp(prefix="koding-audit-")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(dask.config.set({"temporary-directory": folder}))
        serving = {"dashboard": False, "dashboard_address": f"{LOOPBACK}:0"}
        cluster = LocalCluster(
            n_workers=0, threads_per_worker=1, security=security, host=LOOPBACK, scheduler_kwargs=serving
        )
        stack.callback(cluster.close, timeout=KILL_TIMEOUT)
        config = {"scheduler": cluster.scheduler_address, "threads": threads, "folder": folder}
        keys = {name: getattr(security, name) for name in ("tls_ca_file", "tls_worker_key", "tls_worker_cert")}
        workers = WorkerProcesses(json.dumps({**config, "keys": keys}).encode() + b"\n")
        stack.callback(workers.stop)
        workers.start(count)
        yield cluster, workers


def serve_dask_worker() -> None:
    """Run a worker with the configuration from the first line of standard input, until standard input is closed."""
    import asyncio  # noqa: PLC0415 - in a worker process only

    lifeline = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - open until the process ends
    config = json.loads(lifeline.readline())
    threading.Thread(target=_exit_with_parent, args=(lifeline, config["folder"]), daemon=True).start()
    asyncio.run(_run_worker(config))


def _exit_with_parent(lifeline: Any, folder: str) -> None:
    """End this worker when the process that started it has ended and standard input is closed."""
    lifeline.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


async def _run_worker(config: Mapping[str, Any]) -> None:
    import dask  # noqa: PLC0415 - as above
    from distributed import Security, Worker  # noqa: PLC0415 - as above

    with dask.config.set(DASK_SETTINGS):
        worker = Worker(
            config["scheduler"],
            nthreads=config["threads"],
            security=Security(require_encryption=True, **config["keys"]),
            host=LOOPBACK,
            dashboard_address=f"{LOOPBACK}:0",
            memory_limit=0,
            local_directory=config["folder"],
        )
        async with worker:
            await worker.finished()
