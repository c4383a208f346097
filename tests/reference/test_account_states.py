"""The states of an account: those that botocore knows, and only an active account can be used."""

from __future__ import annotations

from botocore.session import Session

from koding_audit.reference.account_states import load_account_states


def test_every_state_and_every_older_status_that_botocore_knows_has_a_row() -> None:
    organizations = Session().get_service_model("organizations")
    known = {each for name in ("AccountState", "AccountStatus") for each in organizations.shape_for(name).enum}
    assert set(load_account_states()) == known


def test_only_an_active_account_can_be_used() -> None:
    assert [state for state, usable in load_account_states().items() if usable] == ["ACTIVE"]
