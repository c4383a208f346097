"""Codes of denials are known, with EC2's prefix too."""

from __future__ import annotations

from koding_audit.denials.codes import is_denial_code


def test_a_code_of_a_denial_is_known_and_others_are_not() -> None:
    assert is_denial_code("Client.UnauthorizedOperation")
    assert is_denial_code("AccessDeniedException")
    assert not is_denial_code("ValidationError")
    assert not is_denial_code("")
