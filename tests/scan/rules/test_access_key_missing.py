"""access-key-missing: fewer active access keys than a user is to have."""

from __future__ import annotations

from koding_audit.model.snapshot import Credentials
from koding_audit.scan.rules import access_key_missing
from tests.values import access_key, compare, desired, ignore, key_limits, live_user, snapshot, user

WANTED = desired(user(access_keys=key_limits(min_active=1)))


def test_fewer_active_keys_than_wanted_is_a_warning_without_a_fix() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key(active=False),)))
    [found] = access_key_missing.check(compare(WANTED, live))
    assert found.id == "access-key-missing/arn:aws:iam::123456789012:user/koding-user"
    assert (found.severity, found.fix) == ("warning", None)
    assert found.message == "user koding-user has 0 active access keys; the file requires 1"
    assert found.evidence == {"active": 0, "min_active": 1}
    assert found.location == WANTED.users["koding-user"].access_keys.location


def test_enough_keys_are_fine() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key(),)))
    assert not list(access_key_missing.check(compare(WANTED, live)))


def test_a_user_that_declares_no_minimum_may_have_none() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=()))
    assert not list(access_key_missing.check(compare(desired(user()), live)))
    assert not list(access_key_missing.check(compare(desired(user(access_keys=key_limits(max_active=1))), live)))


def test_nothing_is_said_of_keys_that_were_not_read() -> None:
    assert not list(access_key_missing.check(compare(WANTED, snapshot(live_user()))))
    unread = snapshot(live_user(), credentials=Credentials(keys=None, password=True))
    assert not list(access_key_missing.check(compare(WANTED, unread)))


def test_nothing_is_said_of_a_user_that_is_missing_or_ignored() -> None:
    none = Credentials(keys=())
    missing = snapshot(absent=[("user", "koding-user")], credentials=none)
    assert not list(access_key_missing.check(compare(WANTED, missing)))
    ignoring = desired(user(access_keys=key_limits(min_active=1)), ignore=(ignore("user", "*"),))
    assert not list(access_key_missing.check(compare(ignoring, snapshot(live_user(), credentials=none))))
