"""Threads of this process: the network is waited for in all of them at once, and the processor shared by them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Iterable[T], window: int) -> Iterator[R]:
    """The work's result for each item, in their order; what it raises is raised in its place.

    window: how many are under way at once. No more than twice as many are begun ahead of the one that is asked for, so
    that memory does not grow with their number.
    """
    waiting: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(window, thread_name_prefix="account")
    try:
        for item in items:
            if len(waiting) >= 2 * window:
                yield waiting.popleft().result()
            waiting.append(pool.submit(work, item))
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
