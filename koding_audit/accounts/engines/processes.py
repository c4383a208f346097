"""Audits accounts in worker processes of this machine, each with several threads, over pipes only.

concurrent.futures.ProcessPoolExecutor cannot do that: one killed process breaks its pool and loses all of the work, and
its processes outlive a killed parent. Here a process that dies is started again, and its items are worked on again.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import selectors
import subprocess
import threading
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO, Generic, TypeVar

from koding_audit import __version__
from koding_audit.accounts.worker_processes import (
    KILL_TIMEOUT,
    MAX_STARTS,
    PickledWork,
    Work,
    item_killed_workers_error,
    prepare_worker,
    start_worker,
    workers_died_error,
)
from koding_audit.io.terminal import standard_error
from koding_audit.model.errors import AccessError, AuditError

T = TypeVar("T")
R = TypeVar("R")

_MAX_DEATHS = 2  # of processes that had one item only
_READ_SIZE = 1 << 20  # bytes
_HEAD_SIZE = 8  # bytes: the length of the pickle that follows

# What a process sends: at first the message and the hint of the error that prevents the work, "" if it is ready; then
# the number of an item and its result, or the type and the place of an unexpected error.
_READY, _RESULT, _CRASH = 0, 1, 2


class ProcessesUnusableError(AccessError):
    """The worker processes cannot be started, or cannot do the work; nothing was done."""


def run_each(
    work: Work[T, R], items: Iterable[T], window: int, count: int
) -> Generator[tuple[T, R | AuditError], None, None]:
    """Each item with its result, in the order in which they finish, or with an error instead of a result.

    window: how many items are worked on at the same time in all processes, which is also the number of results that are
    in memory at most.
    count: the number of processes.

    An item has an error if its work killed several processes, or if no process is left. Raises ProcessesUnusableError,
    and RuntimeError for an unexpected error of the work.
    """
    parcel = PickledWork(__version__, pickle.dumps(work))
    sizes = [window // count + (number < window % count) for number in range(count)]
    pool: _Pool[T] = _Pool([_Worker(parcel, size) for size in sizes if size], enumerate(items))
    try:
        pool.start()
        yield from pool.pairs()
    finally:
        pool.stop()


@dataclass(eq=False)
class _Worker:
    """One worker process, and the next one in its place after it died.

    parcel: the work.
    size: the number of its threads.
    items: what it works on, by number.
    is_alone: whether it works on one item only, to find out whether that item kills it.
    """

    parcel: PickledWork
    size: int
    items: dict[int, Any] = field(default_factory=dict)
    is_alone: bool = False
    is_ready: bool = False
    starts: int = 0
    process: subprocess.Popen[bytes] | None = None
    received: bytearray = field(default_factory=bytearray)

    @property
    def room(self) -> int:
        """How many more items it can work on."""
        return 0 if self.is_alone or not self.is_ready else self.size - len(self.items)

    @property
    def is_starting(self) -> bool:
        """Whether it will work on items soon."""
        return self.process is not None and not self.is_ready

    def start(self) -> int:
        """Start the process; the file descriptor of what it sends. Raises OSError."""
        self.starts += 1
        self.is_ready = self.is_alone = False
        self.received.clear()
        notes = standard_error()
        stderr = subprocess.DEVNULL if notes is None else notes
        self.process = start_worker(serve_process, stdout=subprocess.PIPE, stderr=stderr)
        self._send((self.size, gc.get_threshold(), self.parcel))
        return self.process.stdout.fileno() if self.process.stdout else -1

    def give(self, number: int, item: Any, *, alone: bool) -> None:
        """Send it an item to work on."""
        self.items[number] = item
        self.is_alone = alone
        self._send((number, item))

    def receive(self, data: bytes) -> Iterator[tuple[Any, ...]]:
        """What it has sent, after some more bytes of it."""
        self.received += data
        while len(self.received) >= _HEAD_SIZE:
            end = _HEAD_SIZE + int.from_bytes(self.received[:_HEAD_SIZE], "big")
            if len(self.received) < end:
                return
            frame = bytes(self.received[_HEAD_SIZE:end])
            del self.received[:end]
            yield pickle.loads(frame)  # noqa: S301 - this process started the sender

    def kill(self) -> None:
        """Kill the process, without waiting for its end."""
        if self.process is not None:
            self.process.kill()

    def end(self) -> dict[int, Any]:
        """Kill the process and wait for its end; what it worked on, by number."""
        self.kill()
        if self.process is not None:
            for each in (self.process.stdin, self.process.stdout):
                with contextlib.suppress(OSError):  # what it did not read
                    if each is not None:
                        each.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(KILL_TIMEOUT)
        self.process, self.is_ready = None, False
        lost, self.items = self.items, {}
        return lost

    def _send(self, message: tuple[Any, ...]) -> None:
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it died, as its closed output will show
                pickle.dump(message, self.process.stdin)
                self.process.stdin.flush()


class _Pool(Generic[T]):
    """The worker processes of a run. It is used by one thread only."""

    def __init__(self, workers: Sequence[_Worker], items: Iterator[tuple[int, T]]) -> None:
        """items: the items with their numbers."""
        self._workers = workers
        self._rest = items
        self._suspects: deque[tuple[int, T]] = deque()  # items of processes that died; each is worked on alone
        self._deaths: Counter[int] = Counter()  # by the number of the only item
        self._is_exhausted = False
        self._selector = selectors.DefaultSelector()

    def start(self) -> None:
        """Start the processes and wait until all are ready. Raises ProcessesUnusableError."""
        for worker in self._workers:
            if not self._start_worker(worker):
                raise ProcessesUnusableError("a worker process could not be started", "use --engine threads")
        while not all(each.is_ready for each in self._workers):
            for worker, messages in self._receive():
                if messages is None:
                    raise ProcessesUnusableError("a worker process died at its start", "use --engine threads")
                for kind, message, hint in messages:
                    if kind == _CRASH:
                        raise RuntimeError(f"{message} in {hint}")
                    if message:
                        raise ProcessesUnusableError(f"a worker process cannot do the work: {message}", hint)
                    worker.is_ready = True

    def stop(self) -> None:
        """Kill the processes: their results are not needed any more."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.end()
        self._selector.close()

    def pairs(self) -> Iterator[tuple[T, Any]]:
        """Each item, with its result or with an error."""
        while self._give_items():
            for worker, messages in self._receive():
                if messages is None:
                    yield from self._replace_worker(worker)
                else:
                    yield from self._read_messages(worker, messages)
        for item in (*(each for _, each in self._suspects), *(each for _, each in self._rest)):
            yield item, workers_died_error()

    def _start_worker(self, worker: _Worker) -> bool:
        """Start the process of a worker; whether there is room for it, and it was not started too often."""
        if worker.starts == MAX_STARTS:
            return False
        try:
            self._selector.register(worker.start(), selectors.EVENT_READ, worker)
        except OSError:
            return False
        return True

    def _give_items(self) -> bool:
        """Give each worker as many items as it has threads; whether there is anything to wait for."""
        while True:
            worker = max(self._workers, key=lambda each: each.room)
            if worker.room <= 0:
                break
            if self._suspects and not worker.items:
                worker.give(*self._suspects.popleft(), alone=True)
            elif task := next(self._rest, None):
                worker.give(*task, alone=False)
            else:
                self._is_exhausted = True
                break
        has_more = bool(self._suspects) or not self._is_exhausted
        return any(each.items or (each.is_starting and has_more) for each in self._workers)

    def _receive(self) -> Iterator[tuple[_Worker, Iterator[tuple[Any, ...]] | None]]:
        """Wait until a worker sends something; each that did, with its messages, or None if it died."""
        for key, _ in self._selector.select():
            data = os.read(key.fd, _READ_SIZE)
            yield key.data, key.data.receive(data) if data else None

    def _read_messages(self, worker: _Worker, messages: Iterator[tuple[Any, ...]]) -> Iterator[tuple[T, Any]]:
        """The results among the messages of a worker. Raises RuntimeError."""
        for kind, first, second in messages:
            if kind == _RESULT:
                worker.is_alone = False
                yield worker.items.pop(first), second
            elif kind == _CRASH:
                raise RuntimeError(f"{first} in {second}")
            elif first:  # what is wrong with a process that was started again
                yield from self._replace_worker(worker)
                return
            else:
                worker.is_ready = True

    def _replace_worker(self, worker: _Worker) -> Iterator[tuple[T, Any]]:
        """Start a process again that died. An item that was its only one, repeatedly, has an error."""
        if worker.process is not None and worker.process.stdout is not None:
            self._selector.unregister(worker.process.stdout)
        lost = worker.end()
        if len(lost) == 1:
            ((number, item),) = lost.items()
            self._deaths[number] += 1
            if self._deaths[number] == _MAX_DEATHS:
                lost.clear()
                yield item, item_killed_workers_error()
        self._suspects.extend(lost.items())
        self._start_worker(worker)


# --- the worker process -------------------------------------------------------------------------


def serve_process() -> None:
    """Work on the items that come over standard input until it is closed, and send the results to standard output."""
    requests, answers = os.fdopen(_take_stream(0), "rb"), os.fdopen(_take_stream(1), "wb")
    with contextlib.suppress(EOFError, pickle.UnpicklingError):  # the process that started this one has ended
        size, thresholds, parcel = pickle.load(requests)  # noqa: S301 - from the process that started this one
        gc.set_threshold(*thresholds)
        pool = ThreadPoolExecutor(size, thread_name_prefix="account")
        send = partial(_send_frame, answers, threading.Lock())
        pool.submit(_prepare, parcel).add_done_callback(send)
        while True:
            number, item = pickle.load(requests)  # noqa: S301 - as above
            pool.submit(_run_item, parcel, number, item).add_done_callback(send)
    os._exit(0)


def _take_stream(number: int) -> int:
    """A copy of a standard stream, which no program that this process starts has, and no `print` writes to."""
    copy, nowhere = os.dup(number), os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, number)
    os.close(nowhere)
    return copy


def _prepare(parcel: PickledWork) -> bytes:
    return pickle.dumps((_READY, *prepare_worker(parcel)))


def _run_item(parcel: PickledWork, number: int, item: Any) -> bytes:
    return pickle.dumps((_RESULT, number, parcel.unpickle()(item)))


def _send_frame(answers: BinaryIO, lock: threading.Lock, done: Future[bytes]) -> None:
    """Send what a thread has finished; an unexpected error with its type, place and text."""
    error = done.exception()
    frame = done.result() if error is None else pickle.dumps((_CRASH, type(error).__name__, _place_error(error)))
    with lock, contextlib.suppress(BrokenPipeError):  # the end of standard input will end this process
        answers.write(len(frame).to_bytes(_HEAD_SIZE, "big") + frame)
        answers.flush()


def _place_error(error: BaseException) -> str:
    """Where an error was raised, and its text."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    code = place.tb_frame.f_code if place else None
    return f"{code.co_name}, line {place.tb_lineno} of {code.co_filename}: {error}" if place and code else str(error)
