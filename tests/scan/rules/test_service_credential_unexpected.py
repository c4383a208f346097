"""service-credential-unexpected: credentials beside the access keys that are limited."""

from __future__ import annotations

from koding_audit.model.snapshot import Credentials
from koding_audit.scan.rules import service_credential_unexpected
from tests.values import compare, desired, key_limits, live_user, snapshot, user

WANTED = desired(user(access_keys=key_limits(max_active=1)))
BOTH = snapshot(live_user(), credentials=Credentials(services=("ssh", "codecommit.amazonaws.com")))


def test_each_kind_of_credential_is_one_warning() -> None:
    found = list(service_credential_unexpected.check(compare(WANTED, BOTH)))
    assert [each.message for each in found] == [
        "user koding-user has a credential for codecommit.amazonaws.com; its access keys are limited",
        "user koding-user has an SSH key; its access keys are limited",
    ]
    assert [each.key for each in found] == ["codecommit.amazonaws.com", "ssh"]
    assert {(each.severity, each.fix) for each in found} == {("warning", None)}


def test_two_credentials_of_a_kind_are_one_finding() -> None:
    live = snapshot(live_user(), credentials=Credentials(services=("ssh", "ssh")))
    assert len(list(service_credential_unexpected.check(compare(WANTED, live)))) == 1


def test_a_user_that_says_nothing_of_access_keys_may_have_them() -> None:
    assert not list(service_credential_unexpected.check(compare(desired(user()), BOTH)))


def test_none_is_fine_and_nothing_is_said_of_what_was_not_read() -> None:
    for services in ((), None):
        live = snapshot(live_user(), credentials=Credentials(services=services))
        assert not list(service_credential_unexpected.check(compare(WANTED, live)))
