"""caller-is-root: runs with the root user's own credentials."""

from __future__ import annotations

from koding_audit.model.account import Caller
from koding_audit.scan.rules import caller_is_root
from tests.values import ROOT, compare, desired, snapshot


def test_the_root_users_own_credentials_are_an_error_without_any_other_read() -> None:
    [found] = caller_is_root.check(compare(desired(), snapshot(caller=Caller(ROOT, root=True))))
    assert found.id == f"caller-is-root/{ROOT}"
    assert (found.severity, found.fix) == ("error", None)
    assert found.message == "this run uses the credentials of the root user"
    assert found.evidence == {"caller": ROOT}


def test_a_user_or_role_is_fine_and_nothing_is_said_of_a_caller_that_is_not_known() -> None:
    assert not list(caller_is_root.check(compare(desired(), snapshot())))
    assert not list(caller_is_root.check(compare(desired(), snapshot(caller=None))))
