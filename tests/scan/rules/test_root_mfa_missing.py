"""root-mfa-missing: a root user without MFA."""

from __future__ import annotations

import pytest

from koding_audit.model.desired import RootExpectation
from koding_audit.scan.rules import root_mfa_missing
from tests.values import ROOT, compare, desired, snapshot

NO_MFA = {"AccountMFAEnabled": 0}
NO_CREDENTIALS = {
    "AccountPasswordPresent": 0,
    "AccountAccessKeysPresent": 0,
    "AccountSigningCertificatesPresent": 0,
}


def test_a_root_user_without_mfa_is_an_error() -> None:
    [found] = root_mfa_missing.check(compare(desired(), snapshot(summary=NO_MFA)))
    assert found.id == f"root-mfa-missing/{ROOT}"
    assert (found.severity, found.fix, found.message) == ("error", None, "the root user has no MFA device")


def test_an_account_without_any_root_credentials_passes() -> None:
    assert not list(root_mfa_missing.check(compare(desired(), snapshot(summary=NO_MFA | NO_CREDENTIALS))))


@pytest.mark.parametrize("credential", NO_CREDENTIALS)
def test_any_credential_that_is_there_or_not_known_needs_mfa(credential: str) -> None:
    present = NO_MFA | NO_CREDENTIALS | {credential: 1}
    assert len(list(root_mfa_missing.check(compare(desired(), snapshot(summary=present))))) == 1
    unknown = {name: count for name, count in (NO_MFA | NO_CREDENTIALS).items() if name != credential}
    assert len(list(root_mfa_missing.check(compare(desired(), snapshot(summary=unknown))))) == 1


def test_mfa_may_be_left_open() -> None:
    wanted = desired(root=RootExpectation(mfa="any"))
    assert not list(root_mfa_missing.check(compare(wanted, snapshot(summary=NO_MFA))))


@pytest.mark.parametrize("summary", [{"AccountMFAEnabled": 1}, {}, None], ids=["enabled", "left out", "not read"])
def test_mfa_is_fine_and_nothing_is_said_of_what_was_not_read(summary: dict[str, int] | None) -> None:
    assert not list(root_mfa_missing.check(compare(desired(), snapshot(summary=summary))))
