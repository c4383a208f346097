"""root-key-used: recent use of an access key of the root user."""

from __future__ import annotations

import pytest

from koding_audit.model.desired import RootExpectation
from koding_audit.scan.rules import root_key_used
from tests.values import ROOT, ago, compare, desired, root_use, snapshot


def test_a_key_that_was_used_recently_is_an_error_by_its_slot() -> None:
    [found] = root_key_used.check(compare(desired(), snapshot(root_use=root_use(keys=[None, ago(hours=5)]))))
    assert found.id == f"root-key-used/{ROOT}/2"
    assert (found.severity, found.fix) == ("error", None)
    assert found.message == (
        "access key 2 of the root user was used 5 hours ago, on 2026-11-23T15:00:00Z"
        " (credential report of 2026-11-23T18:00:00Z, 2 hours old)"
    )


def test_each_slot_is_one_finding() -> None:
    live = snapshot(root_use=root_use(keys=[ago(days=1), ago(days=2)]))
    assert [each.key for each in root_key_used.check(compare(desired(), live))] == ["1", "2"]


@pytest.mark.parametrize(("days", "told"), [(6.99, 1), (7, 0)])
def test_the_limit_is_the_files_and_exactly_the_limit_is_fine(days: float, told: int) -> None:
    wanted = desired(root=RootExpectation(unused_days=7))
    live = snapshot(root_use=root_use(keys=[ago(days=days)]))
    assert len(list(root_key_used.check(compare(wanted, live)))) == told


def test_a_sign_in_is_no_use_of_a_key_and_nothing_is_said_where_the_report_was_not_read() -> None:
    assert not list(root_key_used.check(compare(desired(), snapshot(root_use=root_use(password=ago(days=1))))))
    assert not list(root_key_used.check(compare(desired(), snapshot(root_use=None))))
