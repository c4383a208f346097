"""What is skipped: counted by reason at the end of a run, and in CI refused but where ../shared is not here."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.shared import NOT_HERE

NO_SKIP = "KODING_AUDIT_NO_SKIP"
"""Set by .ci/run: a program or a right that a test needs, and that is not there, is a failure then."""


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped; "" where it was not, or failed as expected."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return ""
    told = report.longrepr
    return (told[2] if isinstance(told, tuple) else str(told)).removeprefix("Skipped: ")


def refused(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a skip is a failure here; "" where nothing was skipped, or it may be."""
    why = reason(report)
    return f"skipped: {why}; {NO_SKIP} is set" if why and why != NOT_HERE and os.environ.get(NO_SKIP) else ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report: pytest.TestReport = yield
    if told := refused(report):
        report.outcome, report.longrepr = "failed", told
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    report: pytest.CollectReport = yield
    if told := refused(report):
        report.outcome, report.longrepr = "failed", told
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = Counter(map(reason, terminalreporter.stats.get("skipped", [])))
    told = [f"{number} for `{why}`" for why, number in sorted(found.items())]
    terminalreporter.write_line(f"skipped: {', '.join(told) or 'nothing'}")
