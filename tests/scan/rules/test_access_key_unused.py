"""access-key-unused: active access keys that nothing uses."""

from __future__ import annotations

import pytest

from koding_audit.model.snapshot import AccessKey, Credentials
from koding_audit.scan.rules import access_key_unused
from tests.values import access_key, compare, desired, key_limits, live_user, snapshot, user

WANTED = desired(user(access_keys=key_limits(unused_days=45)))


def test_a_key_that_was_last_used_long_ago_is_a_warning() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key("ABCD", age=200, used=100),)))
    [found] = access_key_unused.check(compare(WANTED, live))
    assert found.id == "access-key-unused/arn:aws:iam::123456789012:user/koding-user/ABCD"
    assert (found.severity, found.fix) == ("warning", None)
    assert found.message == (
        "access key ...ABCD of user koding-user was last used on 2026-08-15T20:00:00Z, more than 45 days ago"
    )
    assert found.evidence == {
        "created": "2026-05-07T20:00:00Z",
        "last_used": "2026-08-15T20:00:00Z",
        "unused_days": 45,
    }


def test_a_key_that_was_never_used_is_unused_since_its_creation() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key("ABCD", age=100),)))
    [found] = access_key_unused.check(compare(WANTED, live))
    assert "was never used, and created on 2026-08-15T20:00:00Z, more than 45 days ago" in found.message
    assert found.evidence["last_used"] is None


@pytest.mark.parametrize(
    "key",
    [access_key(age=200, used=45), access_key(age=45), access_key(age=200, used=1), access_key(age=200, active=False)],
    ids=["used 45 days ago", "made 45 days ago", "used", "inactive"],
)
def test_a_key_in_use_a_young_one_and_an_inactive_one_are_fine(key: AccessKey) -> None:
    assert not list(
        access_key_unused.check(compare(WANTED, snapshot(live_user(), credentials=Credentials(keys=(key,)))))
    )


def test_two_keys_that_end_in_the_same_four_are_told_apart() -> None:
    keys = access_key("ABCD", age=100), access_key("ABCD", age=200)
    live = snapshot(live_user(), credentials=Credentials(keys=keys))
    assert [each.key for each in access_key_unused.check(compare(WANTED, live))] == ["ABCD", "ABCD-2"]


def test_without_a_limit_or_a_read_nothing_is_said() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key(age=999),)))
    assert not list(access_key_unused.check(compare(desired(user(access_keys=key_limits(max_age_days=1))), live)))
    assert not list(access_key_unused.check(compare(WANTED, snapshot(live_user()))))
