"""Points of a trend, and errors as problems of a report."""

from __future__ import annotations

import pytest

from koding_audit.model.errors import InputError
from koding_audit.model.report import Problem, RunStatus, TrendPoint
from tests.values import NOW, line


@pytest.mark.parametrize(
    ("status", "partial", "complete"),
    [("clean", False, True), ("findings", False, True), ("incomplete", False, False), ("clean", True, False)],
)
def test_an_audit_saw_all_where_nothing_was_unread_and_every_rule_ran(
    status: RunStatus, partial: bool, complete: bool
) -> None:
    assert TrendPoint(NOW, status, partial, 0, 0, 0).is_complete is complete


def test_a_problem_says_what_its_error_said() -> None:
    assert Problem.from_error(InputError("it is wrong", "mend it", line(4))) == Problem(
        "it is wrong", "mend it", line(4)
    )
