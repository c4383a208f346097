"""Threads of this process: the network is waited for in all of them at once, and the processor shared by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def run_each(work: Callable[[T], R], items: Iterable[T], window: int) -> Iterator[tuple[T, R]]:
    """Each item with the work's result, as they come to an end; what the work raises is raised here.

    window: how many are under way at once. No more than twice as many are begun and not yet taken, so that memory does
    not grow with their number, and one that is slow holds up no other.
    """
    done: SimpleQueue[Future[tuple[T, R]]] = SimpleQueue()
    begun = 0
    pool = ThreadPoolExecutor(window, thread_name_prefix="account")
    try:
        for item in items:
            if begun == 2 * window:
                yield done.get().result()
                begun -= 1
            pool.submit(_run_item, work, item).add_done_callback(done.put)
            begun += 1
        for _ in range(begun):
            yield done.get().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _run_item(work: Callable[[T], R], item: T) -> tuple[T, R]:
    return item, work(item)
