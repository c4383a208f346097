"""The global condition keys by caller."""

from __future__ import annotations

import pytest

from koding_audit.reference import condition_keys
from koding_audit.reference.condition_keys import ConditionKeyTable, load_condition_keys

KEYS = load_condition_keys()


@pytest.mark.parametrize(
    "key",
    [
        "aws:viaawsmcpservice",
        "aws:calledviaawsmcp",
        "aws:originidentity/subject",
        "aws:transactioncontext/identityprovider/okta",
        "aws:principaltag/any",
    ],
)
def test_a_key_of_the_table_or_of_a_family_is_known(key: str) -> None:
    assert not KEYS.is_unknown(key)


@pytest.mark.parametrize("key", ["aws:quantumstate", "aws:quantumtag/x"])
def test_a_global_key_that_the_table_does_not_have_is_unknown(key: str) -> None:
    assert KEYS.is_unknown(key)


def test_a_services_own_key_is_not_a_global_one() -> None:
    assert not KEYS.is_unknown("s3:brandnew")


@pytest.mark.parametrize(
    "key", ["aws:multifactorauthpresent", "aws:tokenissuetime", "aws:calledvia", "aws:calledviaawsmcp", "aws:sourcearn"]
)
def test_a_direct_call_with_an_access_key_never_has(key: str) -> None:
    assert key in KEYS.absent_keys("user", in_organization=True)


@pytest.mark.parametrize("key", ["aws:originidentity/*", "aws:transactioncontext/*"])
def test_only_some_sessions_have_the_keys_of_a_federated_identity(key: str) -> None:
    assert key in KEYS.absent_keys("user", in_organization=True)
    assert key not in KEYS.absent_keys("session", in_organization=True)


def test_the_keys_of_an_organization_are_absent_outside_one() -> None:
    own = {"aws:principalorgid", "aws:principalorgpaths"}
    assert KEYS.absent_keys("user", in_organization=False) - KEYS.absent_keys("user", in_organization=True) == own


def test_a_direct_call_is_not_by_way_of_a_service() -> None:
    for caller in ("user", "session"):
        assert KEYS.fixed_values(caller)["aws:viaawsservice"] == "false"
        assert KEYS.fixed_values(caller)["aws:principalisawsservice"] == "false"
    assert KEYS.fixed_values("service")["aws:principalisawsservice"] == "true"
    assert KEYS.fixed_values("user")["aws:principaltype"] == "User"
    assert KEYS.fixed_values("session")["aws:principaltype"] == "AssumedRole"


def test_a_direct_call_has_the_mcp_key_as_false_or_not_at_all() -> None:
    assert KEYS.possible_values("user")["aws:viaawsmcpservice"] == "false"
    assert "aws:viaawsmcpservice" not in KEYS.fixed_values("user")


def test_an_inferred_row_makes_its_key_known_and_says_nothing_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "key": "aws:Guess",
        **dict.fromkeys(("user", "session", "federated", "service", "anonymous", "root"), "never"),
    }
    monkeypatch.setattr(condition_keys, "read_rows", lambda _name: ({**row, "key": "aws:Guess", "inferred": True},))
    table: ConditionKeyTable = load_condition_keys()
    assert not table.is_unknown("aws:guess")
    assert not table.absent_keys("user", in_organization=True)
