"""root-used: recent sign-ins of the root user."""

from __future__ import annotations

import pytest

from koding_audit.model.desired import RootExpectation
from koding_audit.scan.rules import root_used
from tests.values import ROOT, ago, compare, desired, root_use, snapshot


def test_a_recent_sign_in_is_an_error_that_says_when_and_how_old_the_report_is() -> None:
    [found] = root_used.check(compare(desired(), snapshot(root_use=root_use(password=ago(days=3)))))
    assert found.id == f"root-used/{ROOT}"
    assert (found.severity, found.fix) == ("error", None)
    assert found.message == (
        "the root user signed in 3 days ago, on 2026-11-20T20:00:00Z"
        " (credential report of 2026-11-23T18:00:00Z, 2 hours old)"
    )
    assert found.evidence == {
        "last_used": "2026-11-20T20:00:00Z",
        "generated": "2026-11-23T18:00:00Z",
        "unused_days": 30,
    }


@pytest.mark.parametrize(("days", "told"), [(29.99, 1), (30, 0), (31, 0)])
def test_only_what_is_more_recent_than_the_limit_is_told(days: float, told: int) -> None:
    assert len(list(root_used.check(compare(desired(), snapshot(root_use=root_use(password=ago(days=days))))))) == told


def test_the_limit_is_the_files() -> None:
    wanted = desired(root=RootExpectation(unused_days=90))
    assert len(list(root_used.check(compare(wanted, snapshot(root_use=root_use(password=ago(days=60))))))) == 1


def test_a_sign_in_after_the_clock_here_is_recent() -> None:
    [found] = root_used.check(compare(desired(), snapshot(root_use=root_use(password=ago(minutes=-5)))))
    assert "less than an hour ago" in found.message


def test_a_key_that_was_used_is_not_a_sign_in() -> None:
    assert not list(root_used.check(compare(desired(), snapshot(root_use=root_use(keys=[ago(days=1), None])))))


def test_never_is_fine_and_nothing_is_said_where_the_report_was_not_read() -> None:
    assert not list(root_used.check(compare(desired(), snapshot(root_use=root_use()))))
    assert not list(root_used.check(compare(desired(), snapshot(root_use=None))))
