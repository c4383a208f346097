"""role-missing: a role of the file that is not there."""

from __future__ import annotations

from koding_audit.scan.rules import role_missing
from tests.values import compare, desired, live_role, role, snapshot


def test_a_role_that_is_missing_is_an_error_with_the_arn_it_would_have_and_no_fix() -> None:
    wanted = desired(role(path="/web/"))
    (finding,) = role_missing.check(compare(wanted, snapshot(absent=[("role", "app")])))
    assert (finding.subject, finding.fix) == ("arn:aws:iam::123456789012:role/web/app", None)
    assert finding.message == "role app does not exist"


def test_a_role_of_another_case_is_named() -> None:
    (finding,) = role_missing.check(compare(desired(role("App")), snapshot(live_role("app"))))
    assert "but app does: IAM's names are unique ignoring case, so write app in the file" in finding.message


def test_a_role_that_was_not_read_is_not_missing() -> None:
    assert list(role_missing.check(compare(desired(role()), snapshot()))) == []
