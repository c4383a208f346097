"""signing-certificate-unexpected: signing certificates beside the access keys that are limited."""

from __future__ import annotations

import pytest

from koding_audit.model.snapshot import Credentials
from koding_audit.scan.rules import signing_certificate_unexpected
from tests.values import compare, desired, key_limits, live_user, snapshot, user

WANTED = desired(user(access_keys=key_limits(max_active=1)))


@pytest.mark.parametrize(("count", "what"), [(1, "1 active signing certificate"), (2, "2 active signing certificates")])
def test_active_signing_certificates_of_a_user_are_one_warning(count: int, what: str) -> None:
    live = snapshot(live_user(), credentials=Credentials(certificates=count))
    [found] = signing_certificate_unexpected.check(compare(WANTED, live))
    assert found.message == f"user koding-user has {what}; its access keys are limited"
    assert (found.severity, found.fix, found.evidence) == ("warning", None, {"active": count})


def test_a_user_that_says_nothing_of_access_keys_may_have_certificates() -> None:
    live = snapshot(live_user(), credentials=Credentials(certificates=1))
    assert not list(signing_certificate_unexpected.check(compare(desired(user()), live)))


@pytest.mark.parametrize("count", [0, None])
def test_no_certificate_is_fine_and_nothing_is_said_of_what_was_not_read(count: int | None) -> None:
    live = snapshot(live_user(), credentials=Credentials(certificates=count))
    assert not list(signing_certificate_unexpected.check(compare(WANTED, live)))
