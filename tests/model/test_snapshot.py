"""What was read, found by its key."""

from __future__ import annotations

from koding_audit.model.account import EntityKey, principal_key
from koding_audit.model.snapshot import Entity, LiveState, inline_document_key
from tests.values import live_policy, live_role, live_user, own

(POLICY,) = live_policy("edge").values()
POLICY_KEY: EntityKey = ("policy", "edge")
USER_KEY = principal_key("user", "koding-user")


def test_a_principal_is_no_policy_and_a_policy_is_no_principal() -> None:
    assert POLICY is not None
    there: dict[EntityKey, Entity] = {USER_KEY: live_user(), POLICY_KEY: POLICY}
    state = LiveState(there)
    assert state.principal(USER_KEY) == live_user()
    assert state.policy(USER_KEY) is None
    assert state.policy(POLICY_KEY) == POLICY
    assert state.principal(POLICY_KEY) is None
    assert POLICY.arn == own("edge")


def test_what_is_not_there_is_not_found() -> None:
    assert LiveState({}).principal(USER_KEY) is None
    assert LiveState({}).policy(POLICY_KEY) is None


def test_an_inline_policy_is_found_by_whom_it_is_of() -> None:
    assert inline_document_key(live_user("ada"), "own") == "user/ada/own"
    assert inline_document_key(live_role("ada"), "own") == "role/ada/own"
