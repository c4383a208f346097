"""console-unexpected: console passwords where they are forbidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from koding_audit.model.snapshot import Credentials
from koding_audit.scan.rules import console_unexpected
from tests.values import compare, desired, ignore, live_user, snapshot, user

WITH_PASSWORD = snapshot(live_user(), credentials=Credentials(password=True, mfa=True))


def test_a_forbidden_password_is_a_warning_even_with_mfa() -> None:
    [found] = console_unexpected.check(compare(desired(user(console="forbidden")), WITH_PASSWORD))
    assert found.id == "console-unexpected/arn:aws:iam::123456789012:user/koding-user"
    assert (found.severity, found.fix) == ("warning", None)
    assert found.message == "user koding-user has a console password, which the desired state forbids"


def test_credentials_are_found_by_the_casefolded_name() -> None:
    live = replace(snapshot(live_user("Alice")), credentials={"alice": Credentials(password=True)})
    assert len(list(console_unexpected.check(compare(desired(user("Alice", console="forbidden")), live)))) == 1


@pytest.mark.parametrize("console", ["any", "mfa", None])
def test_a_password_is_fine_where_it_is_not_forbidden(console: str | None) -> None:
    assert not list(console_unexpected.check(compare(desired(user(console=console)), WITH_PASSWORD)))


@pytest.mark.parametrize("password", [False, None])
def test_no_password_is_fine_and_nothing_is_said_where_it_was_not_read(password: bool | None) -> None:
    live = snapshot(live_user(), credentials=Credentials(password=password))
    assert not list(console_unexpected.check(compare(desired(user(console="forbidden")), live)))


def test_nothing_is_said_of_an_ignored_user_or_of_one_whose_name_differs_in_case() -> None:
    ignoring = desired(user(console="forbidden"), ignore=(ignore("user", "koding-*"),))
    assert not list(console_unexpected.check(compare(ignoring, WITH_PASSWORD)))
    other = replace(snapshot(live_user("Koding-User")), credentials=WITH_PASSWORD.credentials)
    assert not list(console_unexpected.check(compare(desired(user(console="forbidden")), other)))
