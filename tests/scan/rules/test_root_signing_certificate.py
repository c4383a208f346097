"""root-signing-certificate: a signing certificate of the root user."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from koding_audit.model.desired import RootExpectation
from koding_audit.scan.rules import root_signing_certificate
from tests.values import ROOT, compare, desired, snapshot


def test_a_signing_certificate_of_root_is_an_error_that_nothing_fixes() -> None:
    live = snapshot(summary={"AccountSigningCertificatesPresent": 1})
    [found] = root_signing_certificate.check(compare(desired(), live))
    assert found.id == f"root-signing-certificate/{ROOT}"
    assert (found.severity, found.fix) == ("error", None)
    assert found.message == "the root user has a signing certificate"
    assert found.evidence == {"AccountSigningCertificatesPresent": 1}


def test_a_file_that_allows_access_keys_of_root_does_not_allow_its_certificates() -> None:
    live = snapshot(summary={"AccountSigningCertificatesPresent": 1})
    allowed = desired(root=RootExpectation(access_keys="allowed"))
    assert len(list(root_signing_certificate.check(compare(allowed, live)))) == 1


@pytest.mark.parametrize("summary", [{"AccountSigningCertificatesPresent": 0}, {}, None])
def test_none_is_fine_and_what_was_not_read_is_not_guessed(summary: Mapping[str, int] | None) -> None:
    assert not list(root_signing_certificate.check(compare(desired(), snapshot(summary=summary))))
