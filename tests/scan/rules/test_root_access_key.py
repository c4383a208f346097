"""root-access-key: access keys of the root user."""

from __future__ import annotations

import pytest

from koding_audit.model.desired import RootExpectation
from koding_audit.scan.rules import root_access_key
from tests.values import ROOT, compare, desired, line, snapshot


def test_a_root_access_key_is_an_error_even_where_the_file_does_not_speak_of_root() -> None:
    [found] = root_access_key.check(compare(desired(), snapshot(summary={"AccountAccessKeysPresent": 1})))
    assert found.id == f"root-access-key/{ROOT}"
    assert (found.severity, found.fix, found.location) == ("error", None, None)
    assert found.evidence == {"AccountAccessKeysPresent": 1}


def test_it_is_told_at_the_line_that_forbids_it() -> None:
    wanted = desired(root=RootExpectation(location=line(17)))
    [found] = root_access_key.check(compare(wanted, snapshot(summary={"AccountAccessKeysPresent": 2})))
    assert found.location == line(17)


def test_root_keys_may_be_allowed() -> None:
    wanted = desired(root=RootExpectation(access_keys="allowed"))
    assert not list(root_access_key.check(compare(wanted, snapshot(summary={"AccountAccessKeysPresent": 1}))))


@pytest.mark.parametrize("summary", [{"AccountAccessKeysPresent": 0}, {}, None], ids=["none", "left out", "not read"])
def test_no_key_is_fine_and_nothing_is_said_of_what_was_not_read(summary: dict[str, int] | None) -> None:
    assert not list(root_access_key.check(compare(desired(), snapshot(summary=summary))))
