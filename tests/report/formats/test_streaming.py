"""A law over all formats, and what else goes through a report: however many accounts it has, a few are held at once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import overload
from weakref import WeakSet

import pytest

from koding_audit import plugins
from koding_audit.model.account import Account
from koding_audit.model.finding import SEVERITIES
from koding_audit.model.report import Audit, Report
from koding_audit.report import history_store
from koding_audit.report.changes import compare_reports
from koding_audit.report.status import exit_status
from koding_audit.scan.catalog import advice_for_report
from tests.report.formats.reports import NOW, audit, policy_missing

NUMBER = 300
LONG = 20_000  # characters that an account has for itself: all of them would be 6 MB
AT_ONCE = 50


class Trace(dict[str, object]):
    """A finding's evidence that can be seen to be alive."""

    __hash__ = object.__hash__  # type: ignore[assignment]


class Many(Sequence[Audit]):
    """Audits that are made when they are asked for, as those are that lie on a disk. most: how many lived at once."""

    def __init__(self) -> None:
        self.most = self.passes = 0
        self._alive: WeakSet[Trace] = WeakSet()

    def __len__(self) -> int:
        return NUMBER

    @overload
    def __getitem__(self, place: int) -> Audit: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Audit]: ...
    def __getitem__(self, place: int | slice) -> Audit | Sequence[Audit]:
        if isinstance(place, slice):
            raise TypeError("a slice of them would be held at once")
        if not -NUMBER <= place < NUMBER:
            raise IndexError(place)
        evidence = Trace(said=f"{place}-{'x' * LONG}")
        self._alive.add(evidence)
        self.most = max(self.most, len(self._alive))
        found = policy_missing(f"a/P{place}", severity=SEVERITIES[place % 3], evidence=evidence)
        return audit(account=Account(f"{place % NUMBER:012}", "aws"), findings=(found,))

    def __iter__(self) -> Iterator[Audit]:
        self.passes += 1
        return (self[place] for place in range(NUMBER))


def drained(name: str) -> Callable[[Report, Path], object]:
    def drain(report: Report, folder: Path) -> None:
        for _ in plugins.load_plugin("report.formats", name).render(report):
            pass

    return drain


USES: dict[str, Callable[[Report, Path], object]] = {
    **{name: drained(name) for name in plugins.plugin_names("report.formats")},
    "exit status": lambda report, _: exit_status(report),
    "advice": lambda report, _: advice_for_report(report),
    "news": lambda report, _: compare_reports(report, Report(Many())),
    "history": lambda report, folder: history_store.append_run(
        str(folder / "h"), report, None, NOW + timedelta(hours=1)
    ),
}


@pytest.mark.parametrize("name", USES)
def test_a_few_accounts_are_held_at_once_and_never_all_that_is_written_of_them(name: str, tmp_path: Path) -> None:
    USES[name](Report((audit(),)), tmp_path)  # what is loaded and kept once is no account's
    many = Many()
    tracemalloc.start()
    try:
        USES[name](Report(many), tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0 < many.most <= AT_ONCE
    assert peak < LONG * NUMBER / 2
