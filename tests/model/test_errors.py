"""Errors: one root, and what a failed call says of itself."""

from __future__ import annotations

import pickle

import pytest

from koding_audit.model.errors import AccessError, AuditError, CallError, EndpointError, InputError, RefusedError
from tests.values import line


@pytest.mark.parametrize("kind", [InputError, AccessError, EndpointError, RefusedError])
def test_every_error_has_one_root_with_message_hint_and_place(kind: type[AuditError]) -> None:
    error = kind("it is wrong", "mend it", line(4))
    assert isinstance(error, AuditError)
    assert (str(error), error.message, error.hint, error.location) == ("it is wrong", "it is wrong", "mend it", line(4))
    assert (kind("m").hint, kind("m").location) == ("", None)


def test_a_failed_call_names_itself_its_code_and_the_cause_that_is_known() -> None:
    assert CallError("iam:GetUser", "AccessDenied", "").message == "iam:GetUser failed: AccessDenied"
    error = CallError("iam:GetUser", "RequestExpired", "too old", refused=True, cause="the clock is wrong")
    assert error.message == "iam:GetUser failed: RequestExpired: too old (the clock is wrong)"
    assert (error.call, error.code, error.detail, error.refused) == ("iam:GetUser", "RequestExpired", "too old", True)


def test_unless_it_is_said_aws_may_have_acted() -> None:
    assert not CallError("iam:DeleteUser", "ServiceFailure", "").refused


def test_an_error_comes_back_whole_from_a_worker() -> None:
    again = pickle.loads(pickle.dumps(InputError("it is wrong", "mend it", line(4))))
    assert (type(again), again.message, again.hint, again.location) == (InputError, "it is wrong", "mend it", line(4))
