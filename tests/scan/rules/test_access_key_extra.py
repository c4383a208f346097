"""access-key-extra: more active access keys than a user may have."""

from __future__ import annotations

from koding_audit.model.snapshot import Credentials
from koding_audit.scan.rules import access_key_extra
from tests.values import access_key, compare, desired, key_limits, live_user, snapshot, user

TWO = snapshot(live_user(), credentials=Credentials(keys=(access_key("EFGH", age=1), access_key("ABCD", age=9))))


def test_more_active_keys_than_allowed_is_one_warning_that_names_each_by_its_last_four() -> None:
    [found] = access_key_extra.check(compare(desired(user(access_keys=key_limits(max_active=1))), TWO))
    assert found.id == "access-key-extra/arn:aws:iam::123456789012:user/koding-user"
    assert (found.severity, found.fix) == ("warning", None)
    assert found.message == "user koding-user has 2 active access keys (...ABCD, ...EFGH); the file allows at most 1"
    assert found.evidence == {"active": ["...ABCD", "...EFGH"], "max_active": 1}


def test_any_active_key_is_one_too_many_where_keys_are_forbidden() -> None:
    live = snapshot(live_user(), credentials=Credentials(keys=(access_key(), access_key("OFFF", active=False))))
    [found] = access_key_extra.check(compare(desired(user(access_keys=key_limits(max_active=0))), live))
    assert found.message == "user koding-user has 1 active access key (...ABCD); the file allows none"


def test_as_many_as_allowed_are_fine_and_inactive_keys_do_not_count() -> None:
    assert not list(access_key_extra.check(compare(desired(user(access_keys=key_limits(max_active=2))), TWO)))
    inactive = snapshot(live_user(), credentials=Credentials(keys=(access_key(active=False),)))
    assert not list(access_key_extra.check(compare(desired(user(access_keys=key_limits(max_active=0))), inactive)))


def test_a_user_that_declares_no_limit_may_have_any_number() -> None:
    assert not list(access_key_extra.check(compare(desired(user()), TWO)))
    assert not list(access_key_extra.check(compare(desired(user(access_keys=key_limits(min_active=1))), TWO)))


def test_nothing_is_said_of_keys_that_were_not_read() -> None:
    forbidden = desired(user(access_keys=key_limits(max_active=0)))
    assert not list(access_key_extra.check(compare(forbidden, snapshot(live_user()))))
