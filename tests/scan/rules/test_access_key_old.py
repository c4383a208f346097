"""access-key-old: active access keys that are older than allowed."""

from __future__ import annotations

import pytest

from koding_audit.model.snapshot import Credentials
from koding_audit.scan.rules import access_key_old
from tests.values import access_key, compare, desired, key_limits, live_user, snapshot, user

WANTED = desired(user(access_keys=key_limits(max_age_days=90)))


def test_an_old_active_key_is_a_warning_by_its_last_four() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key("ABCD", age=100, used=1),)))
    [found] = access_key_old.check(compare(WANTED, live))
    assert found.id == "access-key-old/arn:aws:iam::123456789012:user/koding-user/ABCD"
    assert (found.severity, found.fix) == ("warning", None)
    assert found.message == (
        "access key ...ABCD of user koding-user was created on 2026-08-15T20:00:00Z, more than 90 days ago"
    )
    assert found.evidence == {"created": "2026-08-15T20:00:00Z", "max_age_days": 90}


@pytest.mark.parametrize(("days", "told"), [(89, 0), (90, 0), (90.01, 1)])
def test_exactly_the_limit_is_still_fine(days: float, told: int) -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key(age=days),)))
    assert len(list(access_key_old.check(compare(WANTED, live)))) == told


def test_two_keys_that_end_in_the_same_four_are_told_apart() -> None:
    keys = access_key("ABCD", age=200), access_key("ABCD", age=100)
    live = snapshot(live_user(), credentials=Credentials(keys=keys))
    assert [each.key for each in access_key_old.check(compare(WANTED, live))] == ["ABCD", "ABCD-2"]


def test_an_inactive_key_may_be_of_any_age() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key(age=999, active=False),)))
    assert not list(access_key_old.check(compare(WANTED, live)))


def test_without_a_limit_a_key_may_be_of_any_age() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key(age=999),)))
    assert not list(access_key_old.check(compare(desired(user()), live)))
    assert not list(access_key_old.check(compare(desired(user(access_keys=key_limits(unused_days=1))), live)))


def test_nothing_is_said_of_keys_that_were_not_read() -> None:
    assert not list(access_key_old.check(compare(WANTED, snapshot(live_user()))))
