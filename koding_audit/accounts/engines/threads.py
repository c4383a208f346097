"""Audits accounts in threads of this process: all of them wait for the network at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run_each(work: Callable[[T], R], items: Iterable[T], window: int) -> Iterator[tuple[T, R]]:
    """Each item with its result, in the order in which they finish. Raises what the work raises.

    window: how many items are worked on at the same time.

    At most twice as many items are started and not yet consumed. So the memory does not grow with the number of items,
    and a slow item does not delay others.
    """
    done: SimpleQueue[Future[tuple[T, R]]] = SimpleQueue()
    started = 0
    pool = ThreadPoolExecutor(window, thread_name_prefix="account")
    try:
        for item in items:
            if started == 2 * window:
                yield done.get().result()
                started -= 1
            pool.submit(_run_item, work, item).add_done_callback(done.put)
            started += 1
        for _ in range(started):
            yield done.get().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _run_item(work: Callable[[T], R], item: T) -> tuple[T, R]:
    return item, work(item)
