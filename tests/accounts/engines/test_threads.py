"""The same work for many items in threads: as they come to an end, in a bounded window."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from koding_audit.accounts.engines.threads import run_each


def test_an_item_that_takes_long_holds_up_no_other_and_none_is_lost() -> None:
    last = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            last.wait(10)
        elif item == 99:
            last.set()
        return item * item

    results = run_each(work, range(100), 2)
    assert next(results) == (1, 1)
    rest = list(results)
    assert sorted(rest) == [(number, number * number) for number in range(100) if number != 1]
    assert rest.index((0, 0)) > 90


def test_no_more_than_the_window_is_under_way_and_twice_that_begun_ahead() -> None:
    lock, under_way, most, begun = threading.Lock(), [0], [0], [0]

    def work(_: int) -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        with lock:
            under_way[0] -= 1

    def items() -> Iterator[int]:
        for number in range(100):
            begun[0] = number + 1
            yield number

    results = run_each(work, items(), 3)
    next(results)
    assert begun[0] <= 7
    assert len(list(results)) == 99
    assert most[0] <= 3


def test_what_the_work_raises_is_raised() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="2"):
        list(run_each(work, range(5), 2))
