"""console-mfa-missing: console passwords without MFA, where MFA is asked for."""

from __future__ import annotations

import pytest

from koding_audit.model.snapshot import Credentials
from koding_audit.scan.rules import console_mfa_missing
from tests.values import compare, desired, live_user, snapshot, user

WANTED = desired(user(console="mfa"))


def test_a_password_without_mfa_is_a_warning() -> None:
    live = snapshot(live_user(), credentials=Credentials(password=True, mfa=False))
    [found] = console_mfa_missing.check(compare(WANTED, live))
    assert found.id == "console-mfa-missing/arn:aws:iam::123456789012:user/koding-user"
    assert (found.severity, found.fix) == ("warning", None)
    assert found.message == "user koding-user has a console password and no MFA device"
    assert found.location == WANTED.users["koding-user"].console.location


@pytest.mark.parametrize(("password", "mfa"), [(True, True), (False, False), (True, None), (None, False), (None, None)])
def test_mfa_or_no_password_is_fine_and_nothing_is_said_of_what_was_not_read(
    password: bool | None, mfa: bool | None
) -> None:
    live = snapshot(live_user(), credentials=Credentials(password=password, mfa=mfa))
    assert not list(console_mfa_missing.check(compare(WANTED, live)))


@pytest.mark.parametrize("console", ["any", "forbidden", None])
def test_a_user_of_whom_no_mfa_is_asked_needs_none(console: str | None) -> None:
    live = snapshot(live_user(), credentials=Credentials(password=True, mfa=False))
    assert not list(console_mfa_missing.check(compare(desired(user(console=console)), live)))
