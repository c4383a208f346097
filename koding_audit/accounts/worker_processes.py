"""Worker processes of dask on this machine, which talk TLS with keys of this run alone, and end with it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LOOPBACK = "127.0.0.1"
_MAX_STARTS = 20  # of each: what kills worker after worker is not the work on one account
_KILL_TIMEOUT = 5.0  # seconds for a process that was killed to be gone

# Of both ends. Nothing is served over plain HTTP, which any user of the machine could read; and no clock is spent on
# statistics that nobody looks at.
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
"""Levels of loggers: what goes wrong is told by this tool, once, and in its words."""

# What runs in a worker: the modules are found where this process finds them, and never in the folder it was begun in.
_WORKER_CODE = (
    "import sys; sys.path[:] = sys.argv[1:]; from koding_audit.accounts import worker_processes as w; w.serve_worker()"
)


@dataclass
class WorkerProcesses:
    """The processes, each begun again when it dies. told: what each reads first, and from nobody else."""

    config: bytes
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _processes: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _supervisors: list[threading.Thread] = field(default_factory=list)
    _stopped: bool = False

    def start(self, count: int) -> None:
        """Begin so many, and see to them from now on."""
        for _ in range(count):
            self._supervisors.append(threading.Thread(target=self._supervise, daemon=True))
            self._supervisors[-1].start()

    def has_ended(self) -> bool:
        """Whether none is left, and none is begun any more."""
        return not any(each.is_alive() for each in self._supervisors)

    def stop(self) -> None:
        """Kill them, whatever they are at: nothing that they hold is wanted any more."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.kill()
        for each in self._supervisors:
            each.join(_KILL_TIMEOUT)

    def _supervise(self) -> None:
        with contextlib.suppress(OSError):  # there is no room for another process
            for _ in range(_MAX_STARTS):
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

    def _start_process(self) -> subprocess.Popen[bytes] | None:
        """In a session of its own, which no key of the terminal interrupts; its standard input says when to end."""
        with self._lock:
            if self._stopped:
                return None
            command = [sys.executable, "-c", _WORKER_CODE, *sys.path]
            streams: Mapping[str, Any] = {
                "stdin": subprocess.PIPE,
                "stdout": subprocess.DEVNULL,
                "stderr": subprocess.DEVNULL,
            }
            process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - this Python, and nothing from outside
                command, bufsize=0, start_new_session=True, **streams
            )
            self._processes.add(process)
            return process


@contextlib.contextmanager
def local_cluster(count: int, threads: int) -> Iterator[tuple[Any, WorkerProcesses]]:
    """A cluster of dask whose scheduler is in this process, and its workers: so many, of so many threads each."""
    import dask  # noqa: PLC0415 - half a second that few runs have a use for
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
        stack.callback(cluster.close, timeout=_KILL_TIMEOUT)
        told = {"scheduler": cluster.scheduler_address, "threads": threads, "folder": folder}
        keys = {name: getattr(security, name) for name in ("tls_ca_file", "tls_worker_key", "tls_worker_cert")}
        workers = WorkerProcesses(json.dumps({**told, "keys": keys}).encode() + b"\n")
        stack.callback(workers.stop)
        workers.start(count)
        yield cluster, workers


def serve_worker() -> None:
    """Be one of the workers, as the first line of standard input says, until there is no more to read of it."""
    import asyncio  # noqa: PLC0415 - of the worker's process alone

    lifeline = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - to the end of the process
    told = json.loads(lifeline.readline())
    threading.Thread(target=_exit_with_parent, args=(lifeline, told["folder"]), daemon=True).start()
    asyncio.run(_run_worker(told))


def _exit_with_parent(lifeline: Any, folder: str) -> None:
    """The process that began this one has ended, however it did: nobody waits for what is done here."""
    lifeline.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


async def _run_worker(told: Mapping[str, Any]) -> None:
    import dask  # noqa: PLC0415 - as above
    from distributed import Security, Worker  # noqa: PLC0415 - as above

    with dask.config.set(DASK_SETTINGS):
        worker = Worker(
            told["scheduler"],
            nthreads=told["threads"],
            security=Security(require_encryption=True, **told["keys"]),
            host=LOOPBACK,
            dashboard_address=f"{LOOPBACK}:0",
            memory_limit=0,
            local_directory=told["folder"],
        )
        async with worker:
            await worker.finished()
